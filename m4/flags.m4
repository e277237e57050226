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

# MTASYNC_TRY_LDFLAGS(VARIABLE, FLAGS)
# Appends to VARIABLE those of FLAGS that the linker takes.
AC_DEFUN([MTASYNC_TRY_LDFLAGS], [
	mtasync_saved_LDFLAGS=$LDFLAGS
	for mtasync_flag in $2; do
		AC_MSG_CHECKING([whether $CC links with $mtasync_flag])
		LDFLAGS="$mtasync_saved_LDFLAGS $mtasync_flag"
		AC_LINK_IFELSE([AC_LANG_PROGRAM],
		    [AC_MSG_RESULT([yes])
		    AS_VAR_APPEND([$1], [" $mtasync_flag"])],
		    [AC_MSG_RESULT([no])])
	done
	LDFLAGS=$mtasync_saved_LDFLAGS
])

# MTASYNC_FORTIFY
# Sets mtasync_fortify to the level of _FORTIFY_SOURCE to define, or to none:
# it needs optimization, and a C library may warn of a level that it does not
# have. Where the compiler brings its own, that stays.
AC_DEFUN([MTASYNC_FORTIFY], [
	AC_MSG_CHECKING([which _FORTIFY_SOURCE to define])
	mtasync_fortify=none
	mtasync_saved_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror"
	for mtasync_level in 2 3; do
		AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
			#if !defined __OPTIMIZE__ || defined _FORTIFY_SOURCE
			#error no
			#endif
			#define _FORTIFY_SOURCE $mtasync_level
			#include <stdio.h>
		]])], [mtasync_fortify=$mtasync_level])
	done
	CFLAGS=$mtasync_saved_CFLAGS
	AC_MSG_RESULT([$mtasync_fortify])
])

# MTASYNC_HARDENING
# Puts into HARDENING_CFLAGS, HARDENING_CPPFLAGS and HARDENING_LDFLAGS what
# costs next to nothing. _FORTIFY_SOURCE hides from the sanitizers the calls
# that it wraps. Of -fcf-protection only the shadow stack is had: Linux has no
# use for the marks of branches, which each request would run over ten times.
AC_DEFUN([MTASYNC_HARDENING], [
	MTASYNC_TRY_CFLAGS([HARDENING_CFLAGS], [ \
	    -fstack-protector-strong \
	    -fstack-clash-protection \
	    -fcf-protection=return \
	])
	MTASYNC_TRY_LDFLAGS([HARDENING_LDFLAGS], [-Wl,-z,relro -Wl,-z,now])
	AS_IF([test -z "$SANITIZERS"], [
		MTASYNC_FORTIFY
		AS_IF([test $mtasync_fortify != none],
		    [HARDENING_CPPFLAGS=-D_FORTIFY_SOURCE=$mtasync_fortify])
	])
	AC_SUBST([HARDENING_CFLAGS])
	AC_SUBST([HARDENING_CPPFLAGS])
	AC_SUBST([HARDENING_LDFLAGS])
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
