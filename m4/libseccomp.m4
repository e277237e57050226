# MTASYNC_LIBSECCOMP
# With libseccomp, the build makes filters of system calls for the server's
# threads; HAVE_LIBSECCOMP says so. It is used where it is there, unless the
# build is for another machine, for which nothing can be made here.
AC_DEFUN([MTASYNC_LIBSECCOMP], [
	AC_ARG_WITH([libseccomp],
	    [AS_HELP_STRING([--without-libseccomp],
	        [make no filters of system calls])],
	    [], [with_libseccomp=auto])
	AS_IF([test "$cross_compiling" = yes], [with_libseccomp=no])
	AS_IF([test "$with_libseccomp" != no], [
		PKG_CHECK_MODULES([SECCOMP], [libseccomp >= 2.5],
		    [have_libseccomp=yes
		    AC_DEFINE([HAVE_LIBSECCOMP], [1], [to make filters])],
		    [AS_IF([test "$with_libseccomp" = yes],
		        [AC_MSG_ERROR([libseccomp 2.5 is missing (Debian: apt-get install libseccomp-dev)])])])
	])
	AM_CONDITIONAL([HAVE_LIBSECCOMP], [test "$have_libseccomp" = yes])
])
