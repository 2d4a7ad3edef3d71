/* SPDX-License-Identifier: Apache-2.0 */
/* A key serial number, for the BDK that the first byte names. */
#include "dukpt/ksn.h"
#include "test/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum key_algorithm algorithms[] = {KEY_TDES_2KEY, KEY_TDES_3KEY, KEY_AES_128,
                                                    KEY_AES_192, KEY_AES_256};
    static const char *const ids[] = {"KS", "IK", "BI", "XX"};
    struct kf_error err = {0};
    struct dukpt_ksn ksn;
    uint8_t derivation[DUKPT_DATA_MAX];
    char block[DUKPT_BLOCK_MAX + 1], *text;

    if (size == 0)
        return 0;
    text = fuzz_text(data + 1, size - 1);
    if (dukpt_ksn_parse(algorithms[data[0] % 5], text, &ksn, &err)) {
        FUZZ_HOLDS(strcmp(ksn.text, text) == 0 && strlen(text) == 2 * ksn.len);
        FUZZ_HOLDS(dukpt_derivation_data(&ksn, derivation) <= sizeof derivation);
        for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
            if (dukpt_ksn_write_block(&ksn, ids[i], block))
                FUZZ_HOLDS(strlen(block) <= DUKPT_BLOCK_MAX);
    } else {
        FUZZ_HOLDS(err.status == KF_VALIDATION);
    }
    free(text);
    return 0;
}
