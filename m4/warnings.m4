# MTASYNC_WARNINGS
# Puts into WARNING_CFLAGS the warnings that our code is free of, as far as
# the compiler knows them; --enable-werror makes them errors. Clang counts
# assert(!"why") among the conversions: it may stay.
AC_DEFUN([MTASYNC_WARNINGS], [
	AC_ARG_ENABLE([werror],
	    [AS_HELP_STRING([--enable-werror], [treat warnings as errors])])
	MTASYNC_TRY_CFLAGS([WARNING_CFLAGS], [ \
	    -Wall \
	    -Wextra \
	    -Wconversion \
	    -Wformat=2 \
	    -Wimplicit-fallthrough \
	    -Wmissing-prototypes \
	    -Wpointer-arith \
	    -Wshadow \
	    -Wstrict-prototypes \
	    -Wundef \
	    -Wswitch-enum \
	    -Wvla \
	    -Wwrite-strings \
	    -Wduplicated-cond \
	    -Wno-string-conversion \
	])
	AS_IF([test "$enable_werror" = yes],
	    [AS_VAR_APPEND([WARNING_CFLAGS], [" -Werror"])])
	AC_SUBST([WARNING_CFLAGS])
])
