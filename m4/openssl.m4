# MTASYNC_OPENSSL
# With OpenSSL, addresses may speak TLS; HAVE_OPENSSL says so. It is used where it
# is there.
AC_DEFUN([MTASYNC_OPENSSL], [
	AC_ARG_WITH([openssl],
	    [AS_HELP_STRING([--without-openssl], [speak no TLS])],
	    [], [with_openssl=auto])
	AS_IF([test "$with_openssl" != no], [
		PKG_CHECK_MODULES([OPENSSL], [libssl >= 3.0 libcrypto >= 3.0],
		    [have_openssl=yes
		    AC_DEFINE([HAVE_OPENSSL], [1], [to speak TLS])],
		    [AS_IF([test "$with_openssl" = yes],
		        [AC_MSG_ERROR([OpenSSL 3.0 is missing (Debian: apt-get install libssl-dev)])])
		    AC_MSG_WARN([a build without OpenSSL speaks no TLS (Debian: apt-get install libssl-dev)])])
	])
	AM_CONDITIONAL([HAVE_OPENSSL], [test "$have_openssl" = yes])
])
