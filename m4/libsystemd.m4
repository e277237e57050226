# MTASYNC_LIBSYSTEMD
# With libsystemd, the service manager is told when serving begins and ends.
# It is used where it is there; --with-libsystemd insists, --without forgoes.
# UNIT_TYPE is the Type= of a unit that tells as much.
AC_DEFUN([MTASYNC_LIBSYSTEMD], [
	AC_ARG_WITH([libsystemd],
	    [AS_HELP_STRING([--without-libsystemd],
	        [tell the service manager nothing])],
	    [], [with_libsystemd=auto])
	UNIT_TYPE=exec
	AS_IF([test "$with_libsystemd" != no], [
		PKG_CHECK_MODULES([SYSTEMD], [libsystemd],
		    [UNIT_TYPE=notify
		    AC_DEFINE([HAVE_LIBSYSTEMD], [1], [to tell of the state])],
		    [AS_IF([test "$with_libsystemd" = yes],
		        [AC_MSG_ERROR([libsystemd is missing (Debian: apt-get install libsystemd-dev)])])])
	])
	AC_SUBST([UNIT_TYPE])
])
