# MTASYNC_SANITIZERS
# Puts into SANITIZER_CFLAGS what --enable-sanitizers=LIST asks for, and into
# SANITIZERS the list itself, and defines whether SANITIZED. A program has to
# run, since what compiles may still lack its library, or not bear how the
# kernel lays out memory.
AC_DEFUN([MTASYNC_SANITIZERS], [
	AC_ARG_ENABLE([sanitizers],
	    [AS_HELP_STRING([--enable-sanitizers=LIST],
	        [build with sanitizers: address,undefined (also without LIST) or thread])],
	    [], [enable_sanitizers=no])
	AS_CASE([$enable_sanitizers],
	    [no], [SANITIZERS=],
	    [yes], [SANITIZERS=address,undefined],
	    [SANITIZERS=$enable_sanitizers])
	AS_IF([test "$SANITIZERS"], [
		AC_MSG_CHECKING([whether a program runs with -fsanitize=$SANITIZERS])
		SANITIZER_CFLAGS="-fsanitize=$SANITIZERS -fno-sanitize-recover=all -fno-omit-frame-pointer"
		mtasync_saved_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS $SANITIZER_CFLAGS"
		AC_RUN_IFELSE([AC_LANG_PROGRAM], [AC_MSG_RESULT([yes])],
		    [AC_MSG_RESULT([no])
		    AC_MSG_ERROR([no -fsanitize=$SANITIZERS with $CC here, see config.log])],
		    [AC_MSG_RESULT([cross-compiling, not tried])])
		CFLAGS=$mtasync_saved_CFLAGS
	])
	AS_IF([test "$SANITIZERS"], [mtasync_sanitized=1], [mtasync_sanitized=0])
	AC_DEFINE_UNQUOTED([SANITIZED], [$mtasync_sanitized],
	    [Whether sanitizers watch the program.])
	AC_SUBST([SANITIZERS])
	AC_SUBST([SANITIZER_CFLAGS])
])
