# Tests of keys in the token: roles and labels, the store, and the service over it. One program a token.
if HAVE_CHECK
store_tests = \
	test/unit/p11/test_label \
	test/unit/p11/test_tags \
	test/unit/p11/test_certificate_nss \
	test/unit/p11/test_certificate_softhsm \
	test/unit/p11/test_role_nss \
	test/unit/p11/test_role_softhsm \
	test/unit/p11/test_role_rsa_nss \
	test/unit/p11/test_role_rsa_softhsm \
	test/unit/p11/test_rsa_nss \
	test/unit/p11/test_rsa_softhsm \
	test/unit/p11/test_store_alias_nss \
	test/unit/p11/test_store_alias_softhsm \
	test/unit/p11/test_store_nss \
	test/unit/p11/test_store_softhsm \
	test/unit/p11/test_store_state_nss \
	test/unit/p11/test_store_state_softhsm \
	test/unit/p11/test_store_sweep_nss \
	test/unit/p11/test_store_sweep_softhsm \
	test/unit/daemon/worker/test_export_header \
	test/unit/daemon/worker/test_export_nss \
	test/unit/daemon/worker/test_export_softhsm \
	test/unit/daemon/worker/test_identifier \
	test/unit/daemon/worker/test_import_nss \
	test/unit/daemon/worker/test_import_softhsm \
	test/unit/daemon/worker/test_import_tr34_nss \
	test/unit/daemon/worker/test_import_tr34_softhsm \
	test/unit/daemon/worker/test_adopt_nss \
	test/unit/daemon/worker/test_adopt_softhsm \
	test/unit/daemon/worker/test_keys_nss \
	test/unit/daemon/worker/test_keys_softhsm \
	test/unit/daemon/worker/test_service_nss \
	test/unit/daemon/worker/test_service_softhsm \
	test/unit/daemon/worker/test_service_stock_softhsm
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)

store_test_ldadd = test/unit/p11/libsupport.la $(CRYPTO_LIBS)
store_test_sources = test/unit/p11/store_support.c test/unit/p11/store_support.h
store_test_nss = $(p11_test_cppflags) -DTEST_TOKEN=FIXTURE_NSS
store_test_softhsm = $(p11_test_cppflags) -DTEST_TOKEN=FIXTURE_SOFTHSM

test_unit_p11_test_label_CPPFLAGS = $(p11_test_cppflags)
test_unit_p11_test_label_LDADD = test/unit/p11/libsupport.la
test_unit_p11_test_tags_CPPFLAGS = $(p11_test_cppflags)
test_unit_p11_test_tags_LDADD = test/unit/p11/libsupport.la

test_unit_p11_test_role_nss_SOURCES = test/unit/p11/test_role.c $(store_test_sources)
test_unit_p11_test_role_nss_CPPFLAGS = $(store_test_nss)
test_unit_p11_test_role_nss_LDADD = $(store_test_ldadd)
test_unit_p11_test_role_softhsm_SOURCES = test/unit/p11/test_role.c $(store_test_sources)
test_unit_p11_test_role_softhsm_CPPFLAGS = $(store_test_softhsm)
test_unit_p11_test_role_softhsm_LDADD = $(store_test_ldadd)
rsa_test_sources = $(store_test_sources) test/unit/p11/rsa_support.c test/unit/p11/rsa_support.h
test_unit_p11_test_certificate_nss_SOURCES = test/unit/p11/test_certificate.c $(rsa_test_sources)
test_unit_p11_test_certificate_nss_CPPFLAGS = $(store_test_nss) $(CRYPTO_CFLAGS)
test_unit_p11_test_certificate_nss_LDADD = $(store_test_ldadd)
test_unit_p11_test_certificate_softhsm_SOURCES = test/unit/p11/test_certificate.c $(rsa_test_sources)
test_unit_p11_test_certificate_softhsm_CPPFLAGS = $(store_test_softhsm) $(CRYPTO_CFLAGS)
test_unit_p11_test_certificate_softhsm_LDADD = $(store_test_ldadd)
test_unit_p11_test_role_rsa_nss_SOURCES = test/unit/p11/test_role_rsa.c $(rsa_test_sources)
test_unit_p11_test_role_rsa_nss_CPPFLAGS = $(store_test_nss) $(CRYPTO_CFLAGS)
test_unit_p11_test_role_rsa_nss_LDADD = $(store_test_ldadd)
test_unit_p11_test_role_rsa_softhsm_SOURCES = test/unit/p11/test_role_rsa.c $(rsa_test_sources)
test_unit_p11_test_role_rsa_softhsm_CPPFLAGS = $(store_test_softhsm) $(CRYPTO_CFLAGS)
test_unit_p11_test_role_rsa_softhsm_LDADD = $(store_test_ldadd)
test_unit_p11_test_rsa_nss_SOURCES = test/unit/p11/test_rsa.c $(rsa_test_sources)
test_unit_p11_test_rsa_nss_CPPFLAGS = $(store_test_nss) $(CRYPTO_CFLAGS)
test_unit_p11_test_rsa_nss_LDADD = $(store_test_ldadd)
test_unit_p11_test_rsa_softhsm_SOURCES = test/unit/p11/test_rsa.c $(rsa_test_sources)
test_unit_p11_test_rsa_softhsm_CPPFLAGS = $(store_test_softhsm) $(CRYPTO_CFLAGS)
test_unit_p11_test_rsa_softhsm_LDADD = $(store_test_ldadd)
test_unit_p11_test_store_nss_SOURCES = test/unit/p11/test_store.c $(store_test_sources)
test_unit_p11_test_store_nss_CPPFLAGS = $(store_test_nss)
test_unit_p11_test_store_nss_LDADD = $(store_test_ldadd)
test_unit_p11_test_store_softhsm_SOURCES = test/unit/p11/test_store.c $(store_test_sources)
test_unit_p11_test_store_softhsm_CPPFLAGS = $(store_test_softhsm)
test_unit_p11_test_store_softhsm_LDADD = $(store_test_ldadd)
test_unit_p11_test_store_alias_nss_SOURCES = test/unit/p11/test_store_alias.c $(store_test_sources)
test_unit_p11_test_store_alias_nss_CPPFLAGS = $(store_test_nss)
test_unit_p11_test_store_alias_nss_LDADD = $(store_test_ldadd)
test_unit_p11_test_store_alias_softhsm_SOURCES = test/unit/p11/test_store_alias.c $(store_test_sources)
test_unit_p11_test_store_alias_softhsm_CPPFLAGS = $(store_test_softhsm)
test_unit_p11_test_store_alias_softhsm_LDADD = $(store_test_ldadd)
test_unit_p11_test_store_state_nss_SOURCES = test/unit/p11/test_store_state.c $(store_test_sources)
test_unit_p11_test_store_state_nss_CPPFLAGS = $(store_test_nss)
test_unit_p11_test_store_state_nss_LDADD = $(store_test_ldadd)
test_unit_p11_test_store_state_softhsm_SOURCES = test/unit/p11/test_store_state.c $(store_test_sources)
test_unit_p11_test_store_state_softhsm_CPPFLAGS = $(store_test_softhsm)
test_unit_p11_test_store_state_softhsm_LDADD = $(store_test_ldadd)
test_unit_p11_test_store_sweep_nss_SOURCES = test/unit/p11/test_store_sweep.c $(store_test_sources)
test_unit_p11_test_store_sweep_nss_CPPFLAGS = $(store_test_nss)
test_unit_p11_test_store_sweep_nss_LDADD = $(store_test_ldadd)
test_unit_p11_test_store_sweep_softhsm_SOURCES = test/unit/p11/test_store_sweep.c $(store_test_sources)
test_unit_p11_test_store_sweep_softhsm_CPPFLAGS = $(store_test_softhsm)
test_unit_p11_test_store_sweep_softhsm_LDADD = $(store_test_ldadd)

check_LTLIBRARIES += test/unit/daemon/worker/libsupport.la
service_test_cppflags = $(p11_test_cppflags) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
test_unit_daemon_worker_libsupport_la_SOURCES = \
	daemon/operation.c daemon/record.c \
	test/unit/daemon/worker/failing.c test/unit/daemon/worker/failing.h \
	test/unit/daemon/worker/opener.c test/unit/daemon/worker/opener.h
test_unit_daemon_worker_libsupport_la_CPPFLAGS = $(service_test_cppflags)
test_unit_daemon_worker_libsupport_la_LIBADD = daemon/worker/libservice.la conf/libconf.la test/unit/p11/libsupport.la \
	$(JANSSON_LIBS) $(CRYPTO_LIBS)
service_test_sources = test/unit/daemon/worker/support.c test/unit/daemon/worker/support.h
service_test_ldadd = test/unit/daemon/worker/libsupport.la

test_unit_daemon_worker_test_identifier_CPPFLAGS = $(service_test_cppflags)
test_unit_daemon_worker_test_identifier_LDADD = $(service_test_ldadd)

test_unit_daemon_worker_test_export_header_CPPFLAGS = $(service_test_cppflags)
test_unit_daemon_worker_test_export_header_LDADD = $(service_test_ldadd)

test_unit_daemon_worker_test_export_nss_SOURCES = test/unit/daemon/worker/test_export.c $(service_test_sources)
test_unit_daemon_worker_test_export_nss_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_NSS
test_unit_daemon_worker_test_export_nss_LDADD = $(service_test_ldadd)
test_unit_daemon_worker_test_export_softhsm_SOURCES = test/unit/daemon/worker/test_export.c $(service_test_sources)
test_unit_daemon_worker_test_export_softhsm_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_SOFTHSM
test_unit_daemon_worker_test_export_softhsm_LDADD = $(service_test_ldadd)
test_unit_daemon_worker_test_import_nss_SOURCES = test/unit/daemon/worker/test_import.c $(service_test_sources)
test_unit_daemon_worker_test_import_nss_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_NSS
test_unit_daemon_worker_test_import_nss_LDADD = $(service_test_ldadd)
test_unit_daemon_worker_test_import_softhsm_SOURCES = test/unit/daemon/worker/test_import.c $(service_test_sources)
test_unit_daemon_worker_test_import_softhsm_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_SOFTHSM
test_unit_daemon_worker_test_import_softhsm_LDADD = $(service_test_ldadd)
test_unit_daemon_worker_test_import_tr34_nss_SOURCES = test/unit/daemon/worker/test_import_tr34.c $(service_test_sources)
test_unit_daemon_worker_test_import_tr34_nss_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_NSS
test_unit_daemon_worker_test_import_tr34_nss_LDADD = $(service_test_ldadd)
test_unit_daemon_worker_test_import_tr34_softhsm_SOURCES = test/unit/daemon/worker/test_import_tr34.c $(service_test_sources)
test_unit_daemon_worker_test_import_tr34_softhsm_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_SOFTHSM
test_unit_daemon_worker_test_import_tr34_softhsm_LDADD = $(service_test_ldadd)
test_unit_daemon_worker_test_adopt_nss_SOURCES = test/unit/daemon/worker/test_adopt.c $(service_test_sources)
test_unit_daemon_worker_test_keys_nss_SOURCES = test/unit/daemon/worker/test_keys.c $(service_test_sources)
test_unit_daemon_worker_test_adopt_nss_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_NSS
test_unit_daemon_worker_test_keys_nss_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_NSS
test_unit_daemon_worker_test_adopt_nss_LDADD = $(service_test_ldadd)
test_unit_daemon_worker_test_keys_nss_LDADD = $(service_test_ldadd)
test_unit_daemon_worker_test_adopt_softhsm_SOURCES = test/unit/daemon/worker/test_adopt.c $(service_test_sources)
test_unit_daemon_worker_test_keys_softhsm_SOURCES = test/unit/daemon/worker/test_keys.c $(service_test_sources)
test_unit_daemon_worker_test_adopt_softhsm_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_SOFTHSM
test_unit_daemon_worker_test_keys_softhsm_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_SOFTHSM
test_unit_daemon_worker_test_adopt_softhsm_LDADD = $(service_test_ldadd)
test_unit_daemon_worker_test_keys_softhsm_LDADD = $(service_test_ldadd)
test_unit_daemon_worker_test_service_nss_SOURCES = test/unit/daemon/worker/test_service.c $(service_test_sources)
test_unit_daemon_worker_test_service_nss_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_NSS
test_unit_daemon_worker_test_service_nss_LDADD = $(service_test_ldadd)
test_unit_daemon_worker_test_service_softhsm_SOURCES = test/unit/daemon/worker/test_service.c $(service_test_sources)
test_unit_daemon_worker_test_service_softhsm_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_SOFTHSM
test_unit_daemon_worker_test_service_softhsm_LDADD = $(service_test_ldadd)
test_unit_daemon_worker_test_service_stock_softhsm_SOURCES = test/unit/daemon/worker/test_service.c $(service_test_sources)
test_unit_daemon_worker_test_service_stock_softhsm_CPPFLAGS = $(service_test_cppflags) -DTEST_TOKEN=FIXTURE_STOCK_SOFTHSM
test_unit_daemon_worker_test_service_stock_softhsm_LDADD = $(service_test_ldadd)
endif
