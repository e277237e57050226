# Program and library. Lists have one file per line.

bin_PROGRAMS = mtasync
mtasync_SOURCES = \
	src/capacity.c \
	src/capacity_page.c \
	src/files.c \
	src/healthcheck.c \
	src/main.c \
	src/model.c \
	src/names.c \
	src/options.c \
	src/option_addresses.c \
	src/option_environment.c \
	src/option_environment.h \
	src/option_values.c \
	src/report.c \
	src/rulebook.c \
	src/secrets.c \
	src/settings.c \
	src/configuration.c \
	src/signals.c \
	src/steering.c \
	src/usage.c
mtasync_LDFLAGS = $(HARDENING_LDFLAGS)
mtasync_LDADD = libmtasync.a $(EVENT_LIBS) $(NETTLE_LIBS) $(OPENSSL_LIBS)

# It holds the installed root's path, which another --prefix moves.
src/files.$(OBJEXT): Makefile

# The filters of system calls are made by the build.
CLEANFILES = src/base/filter_programs.h
if HAVE_LIBSECCOMP
noinst_PROGRAMS = src/make_filters
src_make_filters_SOURCES = src/make_filters.c
src_make_filters_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
src_make_filters_LDADD = $(SECCOMP_LIBS)

src/base/filter_programs.h: src/make_filters$(EXEEXT)
	@$(MKDIR_P) src/base
	$(AM_V_GEN)src/make_filters$(EXEEXT) >$@.new && mv $@.new $@
src/base/filter.$(OBJEXT): src/base/filter_programs.h
endif

# So is the page of the admin listener: its bytes, as C.
CLEANFILES += src/admin/dashboard_bytes.c
src/admin/dashboard_bytes.c: src/admin/dashboard.html Makefile
	@$(MKDIR_P) src/admin
	$(AM_V_GEN)od -An -v -tx1 '$(srcdir)/src/admin/dashboard.html' >$@.od && \
	{ \
	    echo '/* clang-format off */'; \
	    echo '#include "admin/dashboard.h"'; \
	    echo 'const char admin_dashboard[] = {'; \
	    sed 's/[0-9a-f][0-9a-f]/0x&,/g' $@.od; \
	    echo '};'; \
	    echo 'const size_t admin_dashboard_size = sizeof(admin_dashboard);'; \
	} >$@.new && mv $@.new $@ && rm $@.od

# Floors 0 to 3 of src/README.md: what the program and the unit tests link.
noinst_LIBRARIES = libmtasync.a
libmtasync_a_SOURCES = \
	src/base/access_log.c \
	src/base/access_writer.c \
	src/base/activation.c \
	src/base/beneath.c \
	src/base/cgroups.c \
	src/base/cidr.c \
	src/base/cpus.c \
	src/base/filter.c \
	src/base/landlock.c \
	src/base/histogram.c \
	src/base/listener.c \
	src/base/log.c \
	src/base/log_file.c \
	src/base/log_queue.c \
	src/base/machine.c \
	src/base/pid_file.c \
	src/base/privileges.c \
	src/base/proxy_header.c \
	src/base/ring.c \
	src/base/sandbox.c \
	src/base/shards.c \
	src/base/sock_diag.c \
	src/base/text.c \
	src/base/text_file.c \
	src/base/units.c \
	src/base/unix_socket.c \
	src/base/watch.c \
	src/base/wire.c \
	src/base/writer_thread.c \
	src/http/accept.c \
	src/http/added.c \
	src/http/body.c \
	src/http/chars.c \
	src/http/codings.c \
	src/http/combined.c \
	src/http/conditions.c \
	src/http/date.c \
	src/http/fields.c \
	src/http/forwarded.c \
	src/http/framing.c \
	src/http/json.c \
	src/http/json_line.c \
	src/http/origin.c \
	src/http/parser.c \
	src/http/ranges.c \
	src/http/record.c \
	src/http/record_fields.c \
	src/http/request.c \
	src/http/response.c \
	src/http/target.c \
	src/tls/names.c \
	src/tls/turn.c \
	src/tls/words.c \
	src/admin/admin.c \
	src/admin/draft.c \
	src/admin/events.c \
	src/admin/guard.c \
	src/admin/journal.c \
	src/admin/metrics.c \
	src/admin/pages.c \
	src/admin/parameters.c \
	src/admin/process.c \
	src/admin/rules.c \
	src/admin/sleepers.c \
	src/admin/snapshot.c \
	src/admin/status.c \
	src/app/answer.c \
	src/app/app.c \
	src/app/choice.c \
	src/app/complaint.c \
	src/app/decision.c \
	src/app/decision_plain.c \
	src/app/directory.c \
	src/app/drawn.c \
	src/app/echo.c \
	src/app/file.c \
	src/app/flow.c \
	src/app/generation.c \
	src/app/head.c \
	src/app/httpbin.c \
	src/app/httpbin_auth.c \
	src/app/httpbin_body.c \
	src/app/httpbin_bytes.c \
	src/app/httpbin_json.c \
	src/app/httpbin_paces.c \
	src/app/httpbin_fields.c \
	src/app/httpbin_query.c \
	src/app/httpbin_replies.c \
	src/app/httpbin_status.c \
	src/app/httpbin_texts.c \
	src/app/httpbin_view.c \
	src/app/json_text.c \
	src/app/key.c \
	src/app/listing.c \
	src/app/listing_page.c \
	src/app/listings.c \
	src/app/made.c \
	src/app/media_type.c \
	src/app/message.c \
	src/app/message_content.c \
	src/app/mime_types.c \
	src/app/moment.c \
	src/app/pace.c \
	src/app/parts.c \
	src/app/pattern.c \
	src/app/plan.c \
	src/app/pool.c \
	src/app/pooled.c \
	src/app/pools.c \
	src/app/resource.c \
	src/app/roll.c \
	src/app/route_echo.c \
	src/app/route_file.c \
	src/app/route_sleep.c \
	src/app/rule.c \
	src/app/rule_index.c \
	src/app/rule_text.c \
	src/app/rule_times.c \
	src/app/rules.c \
	src/app/site.c \
	src/app/sleep.c \
	src/app/tally.c \
	src/app/when.c \
	src/app/when_format.c \
	src/app/when_parse.c \
	src/app/when_point.c \
	src/app/when_times.c \
	src/app/word_help.c \
	src/app/word_kinds.c \
	src/app/word_memory.c \
	src/app/word_table.c \
	src/app/word_texts.c \
	src/app/words.c \
	src/app/words_suit.c \
	src/loop/acceptor.c \
	src/loop/alarms.c \
	src/loop/channel.c \
	src/loop/conn.c \
	src/loop/conn_due.c \
	src/loop/context.c \
	src/loop/deadlines.c \
	src/loop/ending.c \
	src/loop/library.c \
	src/loop/loop.c \
	src/loop/loop_exchange.c \
	src/loop/ready.c \
	src/loop/secure.c \
	src/loop/sleepers.c \
	src/loop/state.c \
	src/loop/state_last.c \
	src/loop/state_proxied.c \
	src/loop/state_tls.c \
	src/models/accepting.c \
	src/models/blocking.c \
	src/models/blocking_io.c \
	src/models/blocking_wait.c \
	src/models/crew.c \
	src/models/fork_join.c \
	src/models/pool.c \
	src/models/serial.c \
	src/models/thread.c \
	src/server/account.c \
	src/server/balance.c \
	src/server/census.c \
	src/server/descriptors.c \
	src/server/exchange.c \
	src/server/journal.c \
	src/server/listeners.c \
	src/server/mailbox.c \
	src/server/petition.c \
	src/server/publisher.c \
	src/server/server.c \
	src/server/server_wait.c \
	src/server/side.c \
	src/server/signal_queue.c \
	src/server/staged.c \
	src/server/stages.c \
	src/server/totals.c \
	src/server/visitor.c
if HAVE_OPENSSL
libmtasync_a_SOURCES += \
	src/tls/certificate.c \
	src/tls/chain.c \
	src/tls/gate.c \
	src/tls/hello.c \
	src/tls/keys.c \
	src/tls/library.c \
	src/tls/material.c \
	src/tls/own.c \
	src/tls/protocol.c \
	src/tls/ratchet.c \
	src/tls/signed.c \
	src/tls/tickets.c \
	src/tls/tls.c
else
libmtasync_a_SOURCES += src/tls/missing.c
endif
nodist_libmtasync_a_SOURCES = src/admin/dashboard_bytes.c
