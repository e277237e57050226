# Tests: every entry of TESTS speaks TAP, so that the totals count each case.
# A unit test runs one cmocka group: each group prints a plan of its own, and
# TAP has one.

unit_tests = \
	tests/unit/test_accept \
	tests/unit/test_access_log \
	tests/unit/test_access_writer \
	tests/unit/test_activation \
	tests/unit/test_added \
	tests/unit/test_admin \
	tests/unit/test_admin_guard \
	tests/unit/test_admin_requests \
	tests/unit/test_admin_rules \
	tests/unit/test_alarms \
	tests/unit/test_answer \
	tests/unit/test_app \
	tests/unit/test_balance \
	tests/unit/test_beneath \
	tests/unit/test_beneath_trouble \
	tests/unit/test_body \
	tests/unit/test_capacity \
	tests/unit/test_choice \
	tests/unit/test_codings \
	tests/unit/test_combined \
	tests/unit/test_conditions \
	tests/unit/test_counts \
	tests/unit/test_cpus \
	tests/unit/test_date \
	tests/unit/test_deadlines \
	tests/unit/test_decided \
	tests/unit/test_decision \
	tests/unit/test_descriptors \
	tests/unit/test_directory \
	tests/unit/test_draft \
	tests/unit/test_drawn \
	tests/unit/test_echo \
	tests/unit/test_exchange \
	tests/unit/test_fields \
	tests/unit/test_file \
	tests/unit/test_file_growth \
	tests/unit/test_forwarded \
	tests/unit/test_framing \
	tests/unit/test_generation \
	tests/unit/test_histogram \
	tests/unit/test_httpbin \
	tests/unit/test_httpbin_json \
	tests/unit/test_httpbin_query \
	tests/unit/test_httpbin_statuses \
	tests/unit/test_journal \
	tests/unit/test_journal_pages \
	tests/unit/test_json_line \
	tests/unit/test_key \
	tests/unit/test_list \
	tests/unit/test_listener \
	tests/unit/test_listeners \
	tests/unit/test_listing_page \
	tests/unit/test_listings \
	tests/unit/test_log \
	tests/unit/test_log_file \
	tests/unit/test_log_queue \
	tests/unit/test_machine \
	tests/unit/test_made \
	tests/unit/test_mailbox \
	tests/unit/test_media_type \
	tests/unit/test_metrics \
	tests/unit/test_mime_types \
	tests/unit/test_options \
	tests/unit/test_options_refused \
	tests/unit/test_option_environment \
	tests/unit/test_origin \
	tests/unit/test_pace \
	tests/unit/test_parameters \
	tests/unit/test_parser \
	tests/unit/test_parts \
	tests/unit/test_pattern \
	tests/unit/test_petition \
	tests/unit/test_pid_file \
	tests/unit/test_plan \
	tests/unit/test_pool \
	tests/unit/test_proxy_header \
	tests/unit/test_pooled \
	tests/unit/test_pools \
	tests/unit/test_privileges \
	tests/unit/test_publisher \
	tests/unit/test_ranges \
	tests/unit/test_record \
	tests/unit/test_record_fields \
	tests/unit/test_resource \
	tests/unit/test_response \
	tests/unit/test_ring \
	tests/unit/test_roles \
	tests/unit/test_roll \
	tests/unit/test_rule \
	tests/unit/test_rulebook \
	tests/unit/test_rules \
	tests/unit/test_rules_files \
	tests/unit/test_sandbox \
	tests/unit/test_shards \
	tests/unit/test_side \
	tests/unit/test_site \
	tests/unit/test_site_codings \
	tests/unit/test_sleep \
	tests/unit/test_snapshot \
	tests/unit/test_source \
	tests/unit/test_staged \
	tests/unit/test_stages \
	tests/unit/test_tally \
	tests/unit/test_target \
	tests/unit/test_tls_names \
	tests/unit/test_tls_words \
	tests/unit/test_units \
	tests/unit/test_unix_socket \
	tests/unit/test_unix_socket_link \
	tests/unit/test_watch \
	tests/unit/test_when \
	tests/unit/test_when_draw \
	tests/unit/test_when_times \
	tests/unit/test_wire \
	tests/unit/test_words \
	tests/unit/test_words_suit
if HAVE_OPENSSL
unit_tests += \
	tests/unit/test_tls_data \
	tests/unit/test_tls_gate \
	tests/unit/test_tls_material \
	tests/unit/test_tls_memory \
	tests/unit/test_tls_own \
	tests/unit/test_tls_ratchet \
	tests/unit/test_tls_resume \
	tests/unit/test_tls_shake
endif
# Each replays its corpus here; `make fuzz` builds them with libFuzzer.
fuzz_tests = \
	tests/fuzz/fuzz_body \
	tests/fuzz/fuzz_codings \
	tests/fuzz/fuzz_date \
	tests/fuzz/fuzz_echo \
	tests/fuzz/fuzz_forwarded \
	tests/fuzz/fuzz_httpbin \
	tests/fuzz/fuzz_json \
	tests/fuzz/fuzz_proxy \
	tests/fuzz/fuzz_ranges \
	tests/fuzz/fuzz_request \
	tests/fuzz/fuzz_rule \
	tests/fuzz/fuzz_target \
	tests/fuzz/fuzz_when \
	tests/fuzz/fuzz_words
if HAVE_OPENSSL
fuzz_tests += tests/fuzz/fuzz_tls
endif
# Those that take the longest begin first.
slow_tests = \
	tests/live/test_fleet_failing.py \
	tests/live/test_fleet.py \
	tests/live/test_over_tls.py \
	tests/live/test_dashboard.py \
	tests/live/test_tls_scanners.py \
	tests/live/test_linger.py \
	tests/live/test_tls_memory.py \
	tests/live/test_half_closed.py \
	tests/live/test_dashboard_steered.py \
	tests/live/test_tls_drain.py \
	tests/live/test_stopped.py \
	tests/live/test_models.py \
	tests/live/test_paces.py \
	tests/live/test_crowds.py \
	tests/live/test_words_models.py \
	tests/live/test_waits.py \
	tests/live/test_limits.py \
	tests/live/test_race.py \
	tests/live/test_admin_health.py \
	tests/live/test_tls.py \
	tests/live/test_drain.py \
	tests/live/test_pools.py \
	tests/live/test_listen.py \
	tests/live/test_pools_queue.py \
	tests/live/test_memory.py \
	tests/live/test_bench.py \
	tests/live/test_words_asleep.py \
	tests/live/test_files.py \
	tests/live/test_proxied.py \
	tests/live/test_root.py \
	tests/live/test_faults_on_purpose.py \
	tests/live/test_tls_crowds.py \
	tests/live/test_drain_delay.py \
	tests/live/test_forwarded.py
live_tests = \
	tests/live/test_addresses.py \
	tests/live/test_admin.py \
	tests/live/test_admin_events.py \
	tests/live/test_admin_journal.py \
	tests/live/test_admin_metrics.py \
	tests/live/test_admin_rules.py \
	tests/live/test_admin_sleepers.py \
	tests/live/test_admin_trouble.py \
	tests/live/test_balance.py \
	tests/live/test_balancers.py \
	tests/live/test_bodies.py \
	tests/live/test_check.py \
	tests/live/test_clients.py \
	tests/live/test_codings.py \
	tests/live/test_conditions.py \
	tests/live/test_confined.py \
	tests/live/test_contrib.py \
	tests/live/test_dialogues.py \
	tests/live/test_draws.py \
	tests/live/test_echo.py \
	tests/live/test_faults.py \
	tests/live/test_handover.py \
	tests/live/test_headers.py \
	tests/live/test_healthcheck.py \
	tests/live/test_hot_path.py \
	tests/live/test_http.py \
	tests/live/test_httpbin.py \
	tests/live/test_httpbin_clients.py \
	tests/live/test_image.py \
	tests/live/test_keys.py \
	tests/live/test_kubernetes.py \
	tests/live/test_listings.py \
	tests/live/test_log.py \
	tests/live/test_log_json.py \
	tests/live/test_names.py \
	tests/live/test_outages.py \
	tests/live/test_overlay.py \
	tests/live/test_page.py \
	tests/live/test_pages.py \
	tests/live/test_paths.py \
	tests/live/test_plan.py \
	tests/live/test_pools_memory.py \
	tests/live/test_pools_reload.py \
	tests/live/test_pid_file.py \
	tests/live/test_privileges.py \
	tests/live/test_ranges.py \
	tests/live/test_report.py \
	tests/live/test_requests.py \
	tests/live/test_rule_answers.py \
	tests/live/test_rules.py \
	tests/live/test_sleep.py \
	tests/live/test_start.py \
	tests/live/test_tls_certificates.py \
	tests/live/test_tls_clients.py \
	tests/live/test_tls_floods.py \
	tests/live/test_tls_hours.py \
	tests/live/test_tls_tickets.py \
	tests/live/test_tls_told.py \
	tests/live/test_tls_words.py \
	tests/live/test_types.py \
	tests/live/test_updates.py \
	tests/live/test_watch.py \
	tests/live/test_words.py \
	tests/live/test_words_logged.py \
	tests/live/test_words_refused.py

# What `make bench` compares with; built by it alone.
EXTRA_PROGRAMS = tests/bench/floor
tests_bench_floor_SOURCES = tests/bench/floor.c
tests_bench_floor_LDADD =
CLEANFILES += tests/bench/floor

# What live tests preload into the server: shared objects, without libtool.
preloaded = \
	tests/live/counted_calls.so \
	tests/live/held_look.so \
	tests/live/shifted_clocks.so \
	tests/live/stuck_calls.so \
	tests/live/stuck_names.so \
	tests/live/stuck_opens.so
tests_live_counted_calls_so_SOURCES = tests/live/counted_calls.c
tests_live_counted_calls_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_live_counted_calls_so_LDFLAGS = -shared
tests_live_counted_calls_so_LDADD =
tests_live_held_look_so_SOURCES = tests/live/held_look.c
tests_live_held_look_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_live_held_look_so_LDFLAGS = -shared
tests_live_held_look_so_LDADD =
tests_live_shifted_clocks_so_SOURCES = tests/live/shifted_clocks.c
tests_live_shifted_clocks_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_live_shifted_clocks_so_LDFLAGS = -shared
tests_live_shifted_clocks_so_LDADD =
tests_live_stuck_calls_so_SOURCES = tests/live/stuck_calls.c
tests_live_stuck_calls_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_live_stuck_calls_so_LDFLAGS = -shared
tests_live_stuck_calls_so_LDADD =
tests_live_stuck_names_so_SOURCES = tests/live/stuck_names.c
tests_live_stuck_names_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_live_stuck_names_so_LDFLAGS = -shared
tests_live_stuck_names_so_LDADD =
tests_live_stuck_opens_so_SOURCES = tests/live/stuck_opens.c
tests_live_stuck_opens_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_live_stuck_opens_so_LDFLAGS = -shared
tests_live_stuck_opens_so_LDADD =

# All else is in the library.
options_sources = \
	src/model.c \
	src/options.c \
	src/option_addresses.c \
	src/option_environment.c \
	src/option_values.c \
	src/rulebook.c \
	src/usage.c \
	tests/unit/command_line.c
tests_unit_test_capacity_SOURCES = \
	src/capacity.c \
	tests/unit/test_capacity.c
tests_unit_test_options_SOURCES = \
	$(options_sources) \
	tests/unit/test_options.c
tests_unit_test_options_refused_SOURCES = \
	$(options_sources) \
	tests/unit/test_options_refused.c
tests_unit_test_option_environment_SOURCES = \
	$(options_sources) \
	tests/unit/test_option_environment.c
tests_unit_test_rulebook_SOURCES = \
	$(options_sources) \
	tests/unit/test_rulebook.c

# What unit tests and fuzz targets share; a target takes its main() from it.
tests_libtests_a_SOURCES = \
	tests/fuzz/fuzz.c \
	tests/fuzz/reader.c \
	tests/fuzz/replay.c \
	tests/unit/administering.c \
	tests/unit/asking.c \
	tests/unit/attempts.c \
	tests/unit/cached.c \
	tests/unit/capture.c \
	tests/unit/complaints.c \
	tests/unit/fake_clock.c \
	tests/unit/filler.c \
	tests/unit/guard.c \
	tests/unit/httpbinned.c \
	tests/unit/journaling.c \
	tests/unit/parsing.c \
	tests/unit/readers.c \
	tests/unit/ruling.c \
	tests/unit/running.c \
	tests/unit/ticketing.c \
	tests/unit/tree.c \
	tests/unit/worded.c
if HAVE_OPENSSL
tests_libtests_a_SOURCES += \
	tests/unit/certifying.c \
	tests/unit/shaking.c
endif
# They set the clock.
tests_fuzz_fuzz_words_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_counts_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_decided_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_httpbin_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_httpbin_statuses_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=clock_gettime
tests_unit_test_listings_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_admin_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_admin_requests_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=clock_gettime
tests_unit_test_admin_rules_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=clock_gettime
tests_unit_test_metrics_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_snapshot_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_pool_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_pooled_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_pools_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_tls_own_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_tls_resume_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_staged_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
LDADD = tests/libtests.a libmtasync.a $(CMOCKA_LIBS) $(EVENT_LIBS) \
	$(NETTLE_LIBS) $(OPENSSL_LIBS)

TESTS = $(slow_tests) $(live_tests) $(unit_tests) $(fuzz_tests) tests/layers.sh
TEST_EXTENSIONS = .py .sh
tap_driver = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
# One that hangs is ended, with all that it started, and fails by status 124.
LOG_DRIVER = $(tap_driver)
LOG_COMPILER = bash $(tests)/unit/tap.sh
PY_LOG_DRIVER = $(tap_driver)
PY_LOG_COMPILER = timeout 300 $(PYTHON) -m pytest
AM_PY_LOG_FLAGS = -p tap -p no:cacheprovider
SH_LOG_DRIVER = $(tap_driver)
SH_LOG_COMPILER = $(SHELL)

tests = $(abs_srcdir)/tests
# What all that runs a server imports; and what the live tests do in small.
kit = $(tests)/kit
check_path = $(kit):$(tests)/live:$(tests)/dialogues:$(tests)/faults:$(tests)/fleet:$(tests)/race:$(tests)/bench

# No test takes 86 for one of the program's own exit statuses.
AM_TESTS_ENVIRONMENT = \
	MTASYNC='$(abs_builddir)/mtasync'; export MTASYNC; \
	CHECK_SRCDIR='$(abs_srcdir)'; export CHECK_SRCDIR; \
	CHECK_SANITIZERS='$(SANITIZERS)'; export CHECK_SANITIZERS; \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	PYTHONPATH='$(check_path)'; \
	export PYTHONPATH; \
	PYTHONPYCACHEPREFIX='$(abs_builddir)/tests/bytecode'; \
	export PYTHONPYCACHEPREFIX; unset PYTHONDONTWRITEBYTECODE; \
	ASAN_OPTIONS=exitcode=86:detect_stack_use_after_return=1; \
	export ASAN_OPTIONS; \
	UBSAN_OPTIONS=exitcode=86:print_stacktrace=1; export UBSAN_OPTIONS; \
	TSAN_OPTIONS=exitcode=86:halt_on_error=1; export TSAN_OPTIONS;

if CAN_CHECK
check_LIBRARIES = tests/libtests.a
check_PROGRAMS = $(unit_tests) $(fuzz_tests) $(preloaded)
else
check_DATA = cannot-check
cannot-check:
	@echo 'make check needs more (Debian: apt-get install' \
	    '$(CHECK_PACKAGES)); then ./configure again' >&2
	@false
endif
