# MTASYNC_TRY_CFLAGS(VARIABLE, FLAGS)
# Appends to VARIABLE those of FLAGS that the compiler takes.
AC_DEFUN([MTASYNC_TRY_CFLAGS], [
	mtasync_saved_CFLAGS=$CFLAGS
	for mtasync_flag in $2; do
		AC_MSG_CHECKING([whether $CC takes $mtasync_flag])
		CFLAGS="$mtasync_saved_CFLAGS -Werror $mtasync_flag"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM],
		    [AC_MSG_RESULT([yes])
		    AS_VAR_APPEND([$1], [" $mtasync_flag"])],
		    [AC_MSG_RESULT([no])])
	done
	CFLAGS=$mtasync_saved_CFLAGS
])

# MTASYNC_HARDENING
# Puts into HARDENING_CFLAGS and HARDENING_CPPFLAGS what costs next to nothing.
# _FORTIFY_SOURCE needs optimization, and hides from the sanitizers the calls
# that it wraps; where the compiler brings its own, that stays.
AC_DEFUN([MTASYNC_HARDENING], [
	MTASYNC_TRY_CFLAGS([HARDENING_CFLAGS], [-fstack-protector-strong])
	AC_MSG_CHECKING([whether to define _FORTIFY_SOURCE])
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
		#if !defined __OPTIMIZE__ || defined _FORTIFY_SOURCE
		#error no
		#endif
	]])], [mtasync_fortify=yes], [mtasync_fortify=no])
	AS_IF([test "$SANITIZERS"], [mtasync_fortify=no])
	AC_MSG_RESULT([$mtasync_fortify])
	AS_IF([test $mtasync_fortify = yes],
	    [HARDENING_CPPFLAGS=-D_FORTIFY_SOURCE=2])
	AC_SUBST([HARDENING_CFLAGS])
	AC_SUBST([HARDENING_CPPFLAGS])
])

# MTASYNC_LTO
# Puts into LTO_CFLAGS what has the linker optimize the program as a whole: a
# request costs an eighth fewer instructions. The objects also hold what links
# without it, which LTO_OFF asks for: tests are linked faster so, and archives
# need no plugin. Sanitizers watch what the compiler makes of each file.
AC_DEFUN([MTASYNC_LTO], [
	AS_IF([test -z "$SANITIZERS"], [MTASYNC_TRY_CFLAGS([LTO_CFLAGS],
	    ["-flto=auto -ffat-lto-objects"])])
	AS_IF([test "$LTO_CFLAGS"], [LTO_OFF=-fno-lto])
	AC_SUBST([LTO_CFLAGS])
	AC_SUBST([LTO_OFF])
])
