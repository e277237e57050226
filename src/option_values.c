/* Takes the values of options; the main thread, before all else. */
#include "config.h"

#include "option_values.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "http/chars.h"
#include "http/record_fields.h"

/* Sleepers, and requests a second, that one plans for. */
#define OPTIONS_PLAN_MAX 100000000

static void
options_format_count(char text[UNITS_TEXT_MAX], int64_t value)
{
	snprintf(text, UNITS_TEXT_MAX, "%" PRId64, value);
}

const struct options_kind options_count = { "", "", units_parse_count,
	options_format_count };
const struct options_kind options_time = { "a time ",
	", such as 250ms, 1.5s or 2m", units_parse_duration,
	units_format_duration };
const struct options_kind options_size = { "a size ",
	", such as 512, 64k or 1m", units_parse_size, units_format_size };

static void *
options_field(const struct options_row *row, struct options *options)
{
	return (char *)options + row->field;
}

bool
options_set_number(const struct options_row *row, struct options *options,
    const char *text)
{
	const struct options_kind *kind = row->kind;
	char minimum[UNITS_TEXT_MAX], maximum[UNITS_TEXT_MAX];
	int64_t value;

	if (kind->parse(span_of(text), &value) == UNITS_OK &&
	    value >= row->minimum && value <= row->maximum) {
		*(int64_t *)options_field(row, options) = value;
		return true;
	}
	kind->format(minimum, row->minimum);
	kind->format(maximum, row->maximum);
	log_error(OPTIONS_REFUSED "must be %sfrom %s to %s%s", row->name, text,
	    kind->what, minimum, maximum, kind->example);
	return false;
}

bool
options_set_header(const struct options_row *row, struct options *options,
    const char *text)
{
	const char *why = http_added_put(&options->added, span_of(text));

	if (why != NULL)
		log_error(OPTIONS_REFUSED "%s", row->name, text, why);
	return why == NULL;
}

/* Whether `..` is one of the path's components. */
static bool
options_has_dots(const char *path)
{
	for (;;) {
		size_t size = strcspn(path, "/");

		if (size == 2 && memcmp(path, "..", 2) == 0)
			return true;
		if (path[size] == '\0')
			return false;
		path += size + 1;
	}
}

/* Says what is wrong with a name below a directory; NULL: nothing. */
static const char *
options_fault_of_name(const char *text)
{
	if (text[0] == '\0')
		return "must be the name of a file";
	if (text[0] == '/')
		return "must be relative, without a '/' in front";
	if (options_has_dots(text))
		return "must not lead out by '..'";
	return NULL;
}

/* Takes a name below a directory. */
bool
options_set_name(const struct options_row *row, struct options *options,
    const char *text)
{
	const char *why = options_fault_of_name(text);

	if (why != NULL)
		log_error(OPTIONS_REFUSED "%s", row->name, text, why);
	else
		*(const char **)options_field(row, options) = text;
	return why == NULL;
}

/* Takes one more index, the first of which takes the place of the default. */
bool
options_set_index(const struct options_row *row, struct options *options,
    const char *text)
{
	const char *why = options_fault_of_name(text);

	if (why == NULL && options->index_count == OPTIONS_INDEX_MAX)
		why = "one index more than there is room for";
	if (why != NULL) {
		log_error(OPTIONS_REFUSED "%s", row->name, text, why);
		return false;
	}
	options->indexes[options->index_count++] = text;
	options->indexes[options->index_count] = NULL;
	return true;
}

/* Takes one more of several texts, which are read when all limits are known. */
bool
options_add_text(const struct options_row *row, struct options *options,
    const char *text)
{
	struct options_texts *texts = options_field(row, options);

	if (texts->count < OPTIONS_RULE_MAX) {
		texts->texts[texts->count++] = text;
		return true;
	}
	log_error(OPTIONS_REFUSED "one more than there is room for: "
				  "--rules=FILE has room for more",
	    row->name, text);
	return false;
}

/* Takes the names of one more certificate and, behind a comma, of its key. */
bool
options_add_cert(const struct options_row *row, struct options *options,
    const char *text)
{
	const char *comma = strchr(text, ',');

	if (text[0] != '\0' && comma != text &&
	    (comma == NULL || comma[1] != '\0'))
		return options_add_text(row, options, text);
	log_error(OPTIONS_REFUSED "must be the name of a file, or of two with "
				  "a comma between",
	    row->name, text);
	return false;
}

/* Takes one more name of a host, without a port. */
bool
options_add_host(const struct options_row *row, struct options *options,
    const char *text)
{
	if (text[0] != '\0' && text[strcspn(text, ":/@[] \t")] == '\0')
		return options_add_text(row, options, text);
	log_error(OPTIONS_REFUSED "must be a name such as origin.example, "
				  "without a port",
	    row->name, text);
	return false;
}

/* Takes one more range of addresses. */
bool
options_add_trust(const struct options_row *row, struct options *options,
    const char *text)
{
	const char *why = "one more than there is room for";

	if (options->trusted_count < OPTIONS_RULE_MAX)
		why = cidr_parse(&options->trusted[options->trusted_count],
		    text);
	if (why == NULL)
		options->trusted_count++;
	else
		log_error(OPTIONS_REFUSED "%s", row->name, text, why);
	return why == NULL;
}

/* Takes who deals connections out. */
bool
options_set_balance(const struct options_row *row, struct options *options,
    const char *text)
{
	options->balanced = strcmp(text, "least") == 0;
	if (options->balanced || strcmp(text, "kernel") == 0)
		return true;
	log_error(OPTIONS_REFUSED "must be kernel or least", row->name, text);
	return false;
}

/* Takes the name of a field. */
bool
options_set_forwarded(const struct options_row *row, struct options *options,
    const char *text)
{
	const char *end = text + strlen(text);

	options->forwarded = text;
	if (text < end && http_skip_chars(text, end, HTTP_CHAR_TOKEN) == end)
		return true;
	log_error(OPTIONS_REFUSED
	    "must be a field's name, such as X-Forwarded-For or Forwarded",
	    row->name, text);
	return false;
}

/* Takes a list of extensions with commas between. */
bool
options_set_extensions(const struct options_row *row, struct options *options,
    const char *text)
{
	bool fine = strchr(text, '/') == NULL;

	options->extensions = text;
	for (const char *p = text; fine && *p != '\0'; p++)
		fine = *p != '.' && *p != ' ' &&
		       (*p != ',' || (p > text && p[1] != '\0' && p[1] != ','));
	if (fine && text[0] != '\0')
		return true;
	log_error(OPTIONS_REFUSED
	    "must be extensions such as html, or html,txt",
	    row->name, text);
	return false;
}

/* Takes a list of the names of fields. */
bool
options_set_fields(const struct options_row *row, struct options *options,
    const char *text)
{
	options->shown_fields = text;
	if (record_fields_check(text))
		return true;
	log_error(OPTIONS_REFUSED
	    "must be names such as Authorization,X-Request-Id, or *",
	    row->name, text);
	return false;
}

bool
options_set_log(const struct options_row *row, struct options *options,
    const char *text)
{
	static const char *const formats[] = { [RECORD_OFF] = "off",
		[RECORD_COMBINED] = "combined",
		[RECORD_JSON] = "json" };

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(text, formats[i]) == 0) {
			options->access_log = (enum record_format)i;
			return true;
		}
	log_error(OPTIONS_REFUSED "must be combined, json or off", row->name,
	    text);
	return false;
}

bool
options_set_model(const struct options_row *row, struct options *options,
    const char *text)
{
	options->model = model_find(text);
	if (options->model != NULL)
		return true;
	log_error(OPTIONS_REFUSED "must be serial, thread, pool, fork_join, "
				  "async or mtasync",
	    row->name, text);
	return false;
}

bool
options_set_sandbox(const struct options_row *row, struct options *options,
    const char *text)
{
	static const char *const modes[] = { [SANDBOX_AUTO] = "auto",
		[SANDBOX_REQUIRE] = "require",
		[SANDBOX_OFF] = "off" };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(text, modes[i]) == 0) {
			options->sandbox = (enum sandbox_mode)i;
			return true;
		}
	log_error(OPTIONS_REFUSED "must be auto, require or off", row->name,
	    text);
	return false;
}

/* Takes USER or USER:GROUP; privileges_find() looks up who that is. */
bool
options_set_user(const struct options_row *row, struct options *options,
    const char *text)
{
	const char *colon = strchr(text, ':');
	bool fine = colon == NULL ? text[0] != '\0'
				  : colon > text && colon[1] != '\0' &&
					strchr(colon + 1, ':') == NULL;

	options->user = text;
	if (!fine)
		log_error(OPTIONS_REFUSED "must be USER or USER:GROUP",
		    row->name, text);
	return fine;
}

/* Takes two numbers with a comma between. */
bool
options_set_plan(const struct options_row *row, struct options *options,
    const char *text)
{
	struct options_plan *plan = &options->plan;
	const size_t size = strcspn(text, ",");
	bool fine = text[size] == ',' &&
		    units_parse_count((struct span){ text, size },
			&plan->sleepers) == UNITS_OK &&
		    units_parse_count(span_of(text + size + 1), &plan->rate) ==
			UNITS_OK &&
		    plan->sleepers <= OPTIONS_PLAN_MAX &&
		    plan->rate <= OPTIONS_PLAN_MAX;

	plan->wanted = true;
	if (!fine)
		log_error(OPTIONS_REFUSED "must be two numbers of at most %d, "
					  "such as 1000000,50000",
		    row->name, text, OPTIONS_PLAN_MAX);
	return fine;
}

/* Takes a path, which is opened later. */
bool
options_set_path(const struct options_row *row, struct options *options,
    const char *text)
{
	*(const char **)options_field(row, options) = text;
	if (text[0] != '\0')
		return true;
	log_error(OPTIONS_REFUSED "must be the name of a %s", row->name, text,
	    row->path);
	return false;
}

/* Takes a text, which is read later. */
bool
options_set_text(const struct options_row *row, struct options *options,
    const char *text)
{
	*(const char **)options_field(row, options) = text;
	return true;
}

/* Takes -q or -v, the last of which counts. */
bool
options_set_level(const struct options_row *row, struct options *options,
    const char *text)
{
	(void)text;
	options->log_level = row->letter == 'q' ? LOG_LEVEL_ERROR
						: LOG_LEVEL_DEBUG;
	return true;
}

bool
options_set_flag(const struct options_row *row, struct options *options,
    const char *text)
{
	(void)text;
	*(bool *)options_field(row, options) = true;
	return true;
}

/* Takes --no-sleep, or --httpbin with its hosts; there can be but one of them. */
bool
options_set_routes(const struct options_row *row, struct options *options,
    const char *text)
{
	const struct app_route *routes = strcmp(row->name, "httpbin") == 0
					     ? app_httpbin_routes
					     : app_file_routes;

	if (text != NULL)
		options->httpbin_hosts = text;
	if (options->routes == app_site_routes)
		options->routes = routes;
	if (options->routes == routes)
		return true;
	log_error("--httpbin and --no-sleep: there can be but one of them"
		  " (see mtasync --help)");
	return false;
}
