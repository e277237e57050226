/* usage: the text around the table of options. Owns nothing; main thread. */
#include "config.h"

#include "usage.h"

#include <stddef.h>
#include <stdio.h>

#include "model.h"

void
usage_print_start(void)
{
	puts("Usage: mtasync [OPTION]... [ROOT]\n"
	     "Serves the files below ROOT [./htdocs, else the installed ones],"
	     " and\n"
	     "/sleep/TIME, which answers after TIME and keeps nobody else"
	     " waiting.");
}

void
usage_print_option(const struct usage_option *option)
{
	char left[32], letter = option->letter;

	if (option->group != NULL)
		printf("\n%s:\n", option->group);
	snprintf(left, sizeof(left), "%c%c%c --%s%s%s", letter ? '-' : ' ',
	    letter ? letter : ' ', letter ? ',' : ' ', option->name,
	    option->value && option->value[0] != '[' ? "=" : "",
	    option->value ? option->value : "");
	printf("  %-26s %s", left, option->help);
	if (option->initial != NULL)
		printf(" [%s]", option->initial);
	putchar('\n');
}

void
usage_print_end(void)
{
	puts("\nModels, and what happens behind a /sleep:");
	for (const struct model *model = models; model->name != NULL; model++)
		printf("  %-10s %s\n", model->name, model->behind_sleep);
	puts(
	    "\nADDRESS is HOST:PORT, [IPv6]:PORT, PORT for 127.0.0.1:PORT, or"
	    " unix:PATH, which\n"
	    "may have ,mode=0660 and ,group=NAME. HOST means all its addresses;"
	    " port 0 is any\n"
	    "free one. TIME is 250us, 250ms, 1.5s, 2m or seconds; SIZE is"
	    " 512, 64k, 1m, 2g.\n"
	    "RULE is '[METHOD] PATH WORD...': * is any run within a segment,"
	    " ** any at all.\n"
	    "Without --max-conns=N, MTASYNC_MAX_CONNS=N in the environment counts,"
	    " and so on.\n"
	    "\n"
	    "  mtasync -l 0.0.0.0:80 -l [::]:80 --log=combined"
	    " --log-file=access.log site");
	fflush(stdout);
}
