# MTASYNC_SECCOMP
# Puts libseccomp into SECCOMP_CFLAGS and SECCOMP_LIBS, and defines
# HAVE_SECCOMP, where it is there and --without-seccomp does not say otherwise:
# a server without it has no filter of system calls.
AC_DEFUN([MTASYNC_SECCOMP], [
	AC_ARG_WITH([seccomp],
	    [AS_HELP_STRING([--without-seccomp],
	        [build without libseccomp, even if it is there])],
	    [], [with_seccomp=check])
	AS_IF([test "$with_seccomp" != no], [
		PKG_CHECK_MODULES([SECCOMP], [libseccomp >= 2.5.1],
		    [with_seccomp=yes],
		    [AS_IF([test "$with_seccomp" = yes],
		        [AC_MSG_ERROR([libseccomp 2.5.1 is missing (Debian: apt-get install libseccomp-dev)])],
		        [AC_MSG_WARN([no filter of system calls without libseccomp (Debian: apt-get install libseccomp-dev)])
		        with_seccomp=no])])
	])
	AS_IF([test "$with_seccomp" = yes],
	    [mtasync_seccomp=1], [mtasync_seccomp=0])
	AC_DEFINE_UNQUOTED([HAVE_SECCOMP], [$mtasync_seccomp],
	    [Whether libseccomp is there.])
])
