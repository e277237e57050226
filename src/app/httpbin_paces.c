/* Answers httpbin's paths that take their time: /delay, /drip, /sse, /jsonl,
 * /stream; the thread that owns the app. */
#include "config.h"

#include "app/httpbin.h"
#include "base/units.h"

/* What /stream and /jsonl give where nothing else is asked for, or at most. */
#define HTTPBIN_COUNT      10
#define HTTPBIN_STREAM_MAX 100

/* How long /drip waits, and how long it then drips; and how long /sse takes; where
 * nothing else is asked for. */
#define HTTPBIN_DRIP_TIME (2 * CLOCK_S)
#define HTTPBIN_SSE_TIME  (5 * CLOCK_S)

/* Bytes of an event of /sse, which bound how many there may be. */
#define HTTPBIN_PING_SIZE 54

/* As many events or lines as words know. */
#define HTTPBIN_ITEMS_MAX 1000000

/* A course in time. */
struct httpbin_course {
	int64_t count; /* of bytes, events or lines */
	int64_t delay, duration;
	double jitter;
};

static int64_t
httpbin_max_sleep(const struct httpbin *bin)
{
	return bin->request->app->limits.when.most;
}

/* Reads `delay` and `duration`, the latter of `least` ns or more. */
static bool
httpbin_read_course(struct httpbin *bin, int64_t least,
    struct httpbin_course *course)
{
	int64_t most = httpbin_max_sleep(bin);
	const struct httpbin_bounds duration = { "duration", least, most };
	const struct httpbin_bounds delay = { "delay", 0, most };

	if (!httpbin_read_span(bin, httpbin_parameter(bin, "duration"),
		&duration, &course->duration) ||
	    !httpbin_read_span(bin, httpbin_parameter(bin, "delay"), &delay,
		&course->delay))
		return false;
	if (course->duration > most - course->delay)
		return httpbin_refuse(bin, 400,
		    "too much time: duration and delay together");
	return course->delay == 0 ||
	       httpbin_say_time(bin, WORD_DELAY, course->delay);
}

/* Returns how long each gap is of so many pieces. */
static int64_t
httpbin_pause(const struct httpbin_course *course)
{
	int64_t gaps = course->count > 1 ? course->count - 1 : 1;

	return (course->duration + gaps - 1) / gaps;
}

/* Writes `Server-Timing` as go-httpbin has it: name, ns, what it is. */
static void
httpbin_write_timing(struct text *text, const char *name, int64_t ns,
    const char *what)
{
	text_printf(text, "%s%s;dur=%.2f;desc=\"%s\"",
	    text->size > 0 ? ", " : "", name, (double)ns / CLOCK_MS, what);
}

static void
httpbin_write_timings(const struct httpbin_course *course, struct text *text)
{
	httpbin_write_timing(text, "total_duration",
	    course->delay + course->duration, "total request duration");
	httpbin_write_timing(text, "initial_delay", course->delay,
	    "initial delay");
	httpbin_write_timing(text, "write_duration", course->duration,
	    "duration of writes after initial delay");
	httpbin_write_timing(text, "pause_per_write", httpbin_pause(course),
	    "computed pause between writes");
}

bool
httpbin_delay(struct httpbin *bin)
{
	const struct httpbin_bounds bounds = { "duration", 0,
		httpbin_max_sleep(bin) };
	struct text timing = { 0 };
	int64_t delay = 0;

	if (!httpbin_read_span(bin, bin->segments[0], &bounds, &delay) ||
	    !httpbin_say_time(bin, WORD_DELAY, delay))
		return false;
	httpbin_write_timing(&timing, "initial_delay", delay, "initial delay");
	(void)httpbin_field(bin, SPAN("Server-Timing"), text_span(&timing));
	text_fini(&timing);
	return httpbin_reply_whole(bin);
}

/* Says the status that /drip is to have: an interim one comes before a 200. */
static bool
httpbin_drip_status(struct httpbin *bin)
{
	const struct httpbin_bounds bounds = { "code", 100, 599 };
	int64_t code = 200;

	if (!httpbin_read_count(bin, httpbin_parameter(bin, "code"), &bounds,
		&code))
		return false;
	if (code == 200)
		return true;
	return httpbin_say(bin, code < 200 ? WORD_INTERIM : WORD_STATUS, "%lld",
	    (long long)code);
}

bool
httpbin_drip(struct httpbin *bin)
{
	const struct httpbin_bounds bytes = { "numbytes", 1,
		bin->request->app->limits.max_size };
	struct httpbin_course course = { .count = HTTPBIN_COUNT,
		.delay = HTTPBIN_DRIP_TIME,
		.duration = HTTPBIN_DRIP_TIME };
	struct text timing = { 0 };

	if (!httpbin_read_course(bin, 0, &course) ||
	    !httpbin_read_count(bin, httpbin_parameter(bin, "numbytes"), &bytes,
		&course.count) ||
	    !httpbin_drip_status(bin) ||
	    !httpbin_say(bin, WORD_SIZE, "%lld", (long long)course.count))
		return false;
	if (course.duration > 0 && course.count > 1 &&
	    !httpbin_say_time(bin, WORD_OVER, course.duration))
		return false;
	message_set_text(&bin->answer->message, "");
	bin->made = MADE_STARS;
	httpbin_write_timings(&course, &timing);
	(void)httpbin_field(bin, SPAN("Server-Timing"), text_span(&timing));
	text_fini(&timing);
	return true;
}

/* Reads `jitter`, by whose part each gap is shorter or longer. */
static bool
httpbin_read_jitter(struct httpbin *bin, struct httpbin_course *course)
{
	struct span text = httpbin_parameter(bin, "jitter");

	if (text.size > 0 && (!httpbin_read_number(text, &course->jitter) ||
				 course->jitter < 0 || course->jitter > 1))
		return httpbin_refuse(bin, 400,
		    "invalid jitter: must be a number in [0, 1]");
	return true;
}

/* Says the gaps of so many events or lines. */
static bool
httpbin_say_gaps(struct httpbin *bin, const struct httpbin_course *course)
{
	int64_t pause = httpbin_pause(course), most = httpbin_max_sleep(bin);
	int64_t apart = (int64_t)((double)pause * course->jitter);
	char from[UNITS_TEXT_MAX], to[UNITS_TEXT_MAX];

	if (course->duration == 0 || course->count < 2)
		return true;
	if (apart == 0)
		return httpbin_say_time(bin, WORD_EVERY, pause);
	units_format_duration(from, pause - apart);
	units_format_duration(to, pause < most - apart ? pause + apart : most);
	return httpbin_say(bin, WORD_EVERY, "%s..%s", from, to);
}

bool
httpbin_sse(struct httpbin *bin)
{
	int64_t most = bin->request->app->limits.max_size / HTTPBIN_PING_SIZE;
	const struct httpbin_bounds count = { "count", 1,
		most < HTTPBIN_ITEMS_MAX ? most : HTTPBIN_ITEMS_MAX };
	struct httpbin_course course = { .count = HTTPBIN_COUNT,
		.duration = HTTPBIN_SSE_TIME };
	struct text timing = { 0 };

	if (!httpbin_read_course(bin, 1, &course) ||
	    !httpbin_read_count(bin, httpbin_parameter(bin, "count"), &count,
		&course.count) ||
	    !httpbin_read_jitter(bin, &course) ||
	    !httpbin_say(bin, WORD_EVENTS, "%lld", (long long)course.count) ||
	    !httpbin_say_gaps(bin, &course))
		return false;
	message_set_text(&bin->answer->message, "");
	bin->made = MADE_PINGS;
	httpbin_write_timings(&course, &timing);
	text_put(&bin->trailers, "Server-Timing: ");
	text_add(&bin->trailers, text_span(&timing));
	text_put(&bin->trailers, "\r\n");
	text_fini(&timing);
	return httpbin_field(bin, SPAN("Trailer"), SPAN("Server-Timing"));
}

/* Has so many lines of JSON come that are the request and their number: fewer,
 * where they would be over the limit of sizes. */
static bool
httpbin_lines(struct httpbin *bin, struct httpbin_course *course)
{
	int64_t most = bin->request->app->limits.max_size;
	struct httpbin_view view;
	struct asker asker;

	httpbin_look(bin, &asker, &view);
	text_put(&bin->tail, ",");
	httpbin_view_write(&view, ",", false, &bin->tail);
	text_put(&bin->tail, "}\n");
	most /= (int64_t)bin->tail.size + 16;
	if (most > HTTPBIN_ITEMS_MAX)
		most = HTTPBIN_ITEMS_MAX;
	if (course->count > most)
		course->count = most;
	if (course->count < 1)
		course->count = 1;
	message_set_text(&bin->answer->message, "");
	bin->made = MADE_RECORDS;
	return httpbin_say(bin, WORD_LINES, "%lld", (long long)course->count) &&
	       httpbin_say_gaps(bin, course);
}

bool
httpbin_jsonl(struct httpbin *bin)
{
	const struct httpbin_bounds count = { "count", INT64_MIN, INT64_MAX };
	struct httpbin_course course = { .count = HTTPBIN_COUNT };

	return httpbin_read_count(bin, httpbin_parameter(bin, "count"), &count,
		   &course.count) &&
	       httpbin_read_course(bin, 1, &course) &&
	       httpbin_read_jitter(bin, &course) && httpbin_lines(bin, &course);
}

bool
httpbin_stream(struct httpbin *bin)
{
	const struct httpbin_bounds count = { "count", INT64_MIN, INT64_MAX };
	struct httpbin_course course = { 0 };

	if (!httpbin_read_count(bin, bin->segments[0], &count, &course.count))
		return false;
	if (course.count > HTTPBIN_STREAM_MAX)
		course.count = HTTPBIN_STREAM_MAX;
	return httpbin_lines(bin, &course);
}
