/*
 * fuzz_date: dates. What is accepted is what libc reads, is written as an
 * IMF-fixdate of the same time, and lies where two digits of a year allow.
 */
#include "config.h"

#include <time.h>

#include "fuzz.h"
#include "http/date.h"

#define DAY ((time_t)86400)

/* From 0000-01-01 to the last second of 9999. */
#define FIRST ((time_t)-62167219200)
#define LAST  ((time_t)253402300799)

/* When the dates are read: 1970, 1999, 2026, 2099. */
static const time_t nows[] = { 0, 940000000, 1795262400, 4095700000 };

static void
check_written(time_t when)
{
	char text[HTTP_DATE_SIZE];
	time_t back;

	http_date_format(text, when);
	for (size_t i = 0; i < sizeof(text); i++)
		FUZZ_CHECK(text[i] >= ' ' && text[i] <= 'z');
	FUZZ_CHECK(http_date_parse((struct span){ text, sizeof(text) }, nows[0],
		       &back) == 0);
	when = when < FIRST ? FIRST : when > LAST ? LAST : when;
	FUZZ_CHECK(back == when);
}

/* Whatever we accept, libc accepts too, and takes for the same. */
static void
check_with_libc(struct span text, const char *format, time_t when)
{
	char line[64];
	struct tm tm = { 0 };
	char *end;

	FUZZ_CHECK(text.size < sizeof(line));
	memcpy(line, text.data, text.size);
	line[text.size] = '\0';
	end = strptime(line, format, &tm);
	FUZZ_CHECK(end != NULL && *end == '\0');
	FUZZ_CHECK(timegm(&tm) == when);
}

/* RFC 9110 5.6.7: from 50 years ago to 50 years ahead, leap days aside. */
static void
check_century(time_t when, time_t now)
{
	const time_t half = DAY * 365 * 50;

	FUZZ_CHECK(when <= now + half + 14 * DAY);
	FUZZ_CHECK(when >= now - half - 14 * DAY);
}

static void
check_date(struct span text, time_t now)
{
	const time_t before = 7;
	time_t when = before;

	if (http_date_parse(text, now, &when) != 0) {
		FUZZ_CHECK(when == before);
		return;
	}
	FUZZ_CHECK(when >= FIRST && when <= LAST);
	check_written(when);
	if (memchr(text.data, '-', text.size) != NULL)
		check_century(when, now);
	else if (memchr(text.data, ',', text.size) != NULL)
		check_with_libc(text, "%a, %d %b %Y %H:%M:%S GMT", when);
	else
		check_with_libc(text, "%a %b %e %H:%M:%S %Y", when);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = fuzz_copy(data, size);
	time_t when;

	for (size_t i = 0; i < sizeof(nows) / sizeof(nows[0]); i++)
		check_date(input, nows[i]);
	if (size >= sizeof(when)) {
		memcpy(&when, data, sizeof(when));
		check_written(when);
		check_written(when % (LAST + 1));
	}
	fuzz_free(input);
	return 0;
}
