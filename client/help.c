/* SPDX-License-Identifier: Apache-2.0 */
/* A line or two for each command and option. */
#include "client/help.h"

static void write_shape(const struct shape *shape, FILE *stream)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct member *member = &shape->members[i];
        pb_field_iter_t field = shape_field(shape, member, NULL);

        fprintf(stream, "%s%s=", i ? "," : "", member->name);
        if (member->map) {
            fputs("{name=string,...}", stream);
        } else if (member->shape) {
            fputc('{', stream);
            write_shape(member->shape, stream);
            fputc('}', stream);
        } else if (shape_kind(&field) == MEMBER_LIST) {
            fprintf(stream, "[%s,...]", shape_kind_name(shape_element_kind(&field)));
        } else {
            fputs(shape_kind_name(shape_kind(&field)), stream);
        }
    }
}

static void write_member(const struct shape *shape, const struct member *member, FILE *stream)
{
    pb_field_iter_t field = shape_field(shape, member, NULL);
    enum member_kind kind = shape_kind(&field);
    char name[64];

    shape_option(member, name, sizeof name);
    if (kind == MEMBER_BOOLEAN)
        fprintf(stream, "  --%s | --no-%s\n", name, name);
    else
        fprintf(stream, "  --%s <%s>%s\n", name, shape_kind_name(shape_element_kind(&field)),
                kind == MEMBER_LIST ? " ..." : "");
    fprintf(stream, "      %s\n", member->help);
    if (member->shape) {
        fputs("      ", stream);
        write_shape(member->shape, stream);
        fputs("\n      or the same as JSON, or file://PATH\n", stream);
    }
}

static void write_common(const struct command_line *line, FILE *stream)
{
    fputs("\nCommon options:\n", stream);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct common_option_info *info = &common_options[i];

        if (!options_apply(line, info))
            continue;
        fprintf(stream, "  --%s%s%s\n      %s\n", info->name, info->value ? " " : "",
                info->value ? info->value : "", info->help);
    }
}

static void write_overview(FILE *stream)
{
    fputs("Usage: keyferry COMMAND [OPTION...]\n\n"
          "Export payment keys from an HSM, and keep the keys that are for it. Commands and\n"
          "options are those of 'aws payment-cryptography', and some of Keyferry's own.\n\n"
          "Commands:\n",
          stream);
    for (size_t i = 0; i < operations_count; i++)
        fprintf(stream, "  %-22s %s\n", operations[i].name, operations[i].summary);
    fprintf(stream, "  %-22s %s\n", COMMAND_PARSE_KEY_BLOCK, SUMMARY_PARSE_KEY_BLOCK);
    fputs("\n'keyferry COMMAND --help' shows a command's options and an example.\n", stream);
}

void help_write(const struct command_line *line, FILE *stream)
{
    const struct operation *operation = line->operation;

    if (!line->command) {
        write_overview(stream);
    } else if (!operation) {
        fprintf(stream, "Usage: keyferry %s KEYBLOCK [OPTION...]\n\n%s\n", COMMAND_PARSE_KEY_BLOCK,
                SUMMARY_PARSE_KEY_BLOCK);
    } else {
        fprintf(stream, "Usage: keyferry %s [OPTION...]\n\n%s\n", operation->name,
                operation->summary);
        if (operation->request->count > 0)
            fputs("\nOptions:\n", stream);
        for (size_t i = 0; i < operation->request->count; i++)
            write_member(operation->request, &operation->request->members[i], stream);
    }
    write_common(line, stream);
    if (line->command)
        fprintf(stream, "\nExample:\n  %s\n",
                operation ? operation->example : EXAMPLE_PARSE_KEY_BLOCK);
}
