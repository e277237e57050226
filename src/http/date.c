/*
 * date: writes IMF-fixdates and reads the three formats of RFC 9110 5.6.7, by
 * tables of our own: neither locale nor time zone has a say. Holds no state;
 * any thread.
 */
#include "config.h"

#include "http/date.h"

#include "http/chars.h"

/* What four digits of a year can say: from 0000 to the end of 9999. */
#define DATE_FIRST ((time_t)-62167219200)
#define DATE_LAST  ((time_t)253402300799)

static const char *const date_days[] = { "Sunday", "Monday", "Tuesday",
	"Wednesday", "Thursday", "Friday", "Saturday" };

static const char *const date_months[] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* http_date_format() writes this, and its parts over it. */
static const struct span date_form = { "Day, 00 Mon 0000 00:00:00 GMT",
	HTTP_DATE_SIZE };

enum date_format {
	DATE_IMF,
	DATE_RFC850,
	DATE_ASCTIME,
	DATE_FORMATS, /* their number */
};

/* Parts of a date as strptime names them; other characters are themselves. */
static const char *const date_formats[DATE_FORMATS] = {
	[DATE_IMF] = "%a, %d %b %Y %H:%M:%S GMT",
	[DATE_RFC850] = "%A, %d-%b-%y %H:%M:%S GMT",
	[DATE_ASCTIME] = "%a %b %e %H:%M:%S %Y",
};

static void
date_put_number(char *text, int digits, int number)
{
	while (digits-- > 0) {
		text[digits] = (char)('0' + number % 10);
		number /= 10;
	}
}

void
http_date_format(char text[HTTP_DATE_SIZE], time_t when)
{
	struct tm tm;

	/* a file may have a time that no date can say: the nearest one */
	if (when < DATE_FIRST)
		when = DATE_FIRST;
	if (when > DATE_LAST)
		when = DATE_LAST;
	gmtime_r(&when, &tm);
	memcpy(text, date_form.data, date_form.size);
	memcpy(text, date_days[tm.tm_wday], 3);
	date_put_number(text + 5, 2, tm.tm_mday);
	memcpy(text + 8, date_months[tm.tm_mon], 3);
	date_put_number(text + 12, 4, tm.tm_year + 1900);
	date_put_number(text + 17, 2, tm.tm_hour);
	date_put_number(text + 20, 2, tm.tm_min);
	date_put_number(text + 23, 2, tm.tm_sec);
}

/* Takes exactly so many digits off the text. */
static bool
date_read_number(struct span *text, size_t digits, int *number)
{
	*number = 0;
	if (text->size < digits)
		return false;
	for (; digits > 0; digits--) {
		if (!http_char_is(*text->data, HTTP_CHAR_DIGIT))
			return false;
		*number = *number * 10 + (*text->data - '0');
		text->data++;
		text->size--;
	}
	return true;
}

/* Takes what is expected off the text. */
static bool
date_read_text(struct span *text, const char *expected, size_t size)
{
	if (text->size < size || memcmp(text->data, expected, size) != 0)
		return false;
	text->data += size;
	text->size -= size;
	return true;
}

/*
 * The name of a day, or its first three letters. It only has to be one, not
 * the date's: it says nothing that the date does not, and 5.6.7 wants
 * recipients to be robust. Case counts.
 */
static bool
date_read_day(struct span *text, bool whole)
{
	for (int i = 0; i < 7; i++) {
		size_t size = whole ? strlen(date_days[i]) : 3;

		if (date_read_text(text, date_days[i], size))
			return true;
	}
	return false;
}

static bool
date_read_month(struct span *text, int *month)
{
	for (*month = 0; *month < 12; (*month)++)
		if (date_read_text(text, date_months[*month], 3))
			return true;
	return false;
}

/* Reads one part of a date, by strptime's letter for it. */
static bool
date_read_part(struct span *text, char part, struct tm *tm)
{
	switch (part) {
	case 'a':
		return date_read_day(text, false);
	case 'A':
		return date_read_day(text, true);
	case 'b':
		return date_read_month(text, &tm->tm_mon);
	case 'd':
		return date_read_number(text, 2, &tm->tm_mday);
	case 'e': /* the first digit may be a space */
		return date_read_number(text,
		    date_read_text(text, " ", 1) ? 1 : 2, &tm->tm_mday);
	case 'H':
		return date_read_number(text, 2, &tm->tm_hour);
	case 'M':
		return date_read_number(text, 2, &tm->tm_min);
	case 'S':
		return date_read_number(text, 2, &tm->tm_sec);
	case 'y':
		return date_read_number(text, 2, &tm->tm_year);
	case 'Y':
		return date_read_number(text, 4, &tm->tm_year);
	}
	return false;
}

/* tm_year becomes the year as written. */
static bool
date_read_format(struct span text, const char *format, struct tm *tm)
{
	bool fits = true;

	for (; fits && *format != '\0'; format++)
		fits = *format == '%' ? date_read_part(&text, *++format, tm)
				      : date_read_text(&text, format, 1);
	return fits && text.size == 0;
}

/*
 * Years since 1900 of a year of two digits: the last one in which the time is
 * not over 50 years ahead of `now`.
 */
static int
date_find_century(const struct tm *tm, time_t now)
{
	struct tm limit, date = *tm;

	gmtime_r(&now, &limit);
	limit.tm_year += 50;
	date.tm_year += limit.tm_year / 100 * 100;
	return timegm(&date) > timegm(&limit) ? date.tm_year - 100
					      : date.tm_year;
}

/*
 * The time; or -1 where the day, or the time of day, does not exist, or where
 * a leap second would begin the year 10000.
 */
static int
date_make_time(struct tm *tm, time_t *when)
{
	int day = tm->tm_mday;

	if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60)
		return -1;
	*when = tm->tm_sec;
	tm->tm_sec = 0;
	*when += timegm(tm); /* moves a 31st of April into May */
	return tm->tm_mday == day && *when <= DATE_LAST ? 0 : -1;
}

int
http_date_parse(struct span text, time_t now, time_t *when)
{
	time_t result;

	for (int i = 0; i < DATE_FORMATS; i++) {
		struct tm tm = { 0 };

		if (!date_read_format(text, date_formats[i], &tm))
			continue;
		if (i == DATE_RFC850)
			tm.tm_year = date_find_century(&tm, now);
		else
			tm.tm_year -= 1900;
		if (date_make_time(&tm, &result) != 0)
			return -1;
		*when = result;
		return 0;
	}
	return -1;
}
