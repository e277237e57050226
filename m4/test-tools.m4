# MTASYNC_TEST_TOOLS
# Finds what `make check` needs: cmocka, and a Python that has pytest, which
# need not be the first in PATH. A build does without; the conditional
# CAN_CHECK is false then, and CHECK_PACKAGES names what to install.
AC_DEFUN([MTASYNC_TEST_TOOLS], [
	PKG_CHECK_MODULES([CMOCKA], [cmocka >= 1.1], [],
	    [AS_VAR_APPEND([CHECK_PACKAGES], [" libcmocka-dev"])])

	AC_ARG_VAR([PYTHON], [a Python that has pytest, for make check])
	AC_MSG_CHECKING([for a Python with pytest])
	for mtasync_python in "$PYTHON" python3 /usr/bin/python3 none; do
		test -n "$mtasync_python" || continue
		"$mtasync_python" -m pytest --version \
		    >/dev/null 2>&AS_MESSAGE_LOG_FD && break
	done
	AC_MSG_RESULT([$mtasync_python])
	PYTHON=$mtasync_python
	AS_IF([test "$PYTHON" = none],
	    [AS_VAR_APPEND([CHECK_PACKAGES], [" python3-pytest"])])

	AS_IF([test "$CHECK_PACKAGES"],
	    [AC_MSG_WARN([make check needs more (Debian: apt-get install$CHECK_PACKAGES)])])
	AC_SUBST([CHECK_PACKAGES])

	# Tests wait most of their time, so that there are to be more at once
	# than CPUs: `make check` without -j is `make -j9 check`.
	AC_SUBST([AM_MAKEFLAGS], ['$(if $(filter check,$(MAKECMDGOALS)),$(if $(findstring -j,$(MAKEFLAGS)),,-j9))'])
	AM_CONDITIONAL([CAN_CHECK], [test -z "$CHECK_PACKAGES"])
])
