/* Finds what --listen and --admin mean; the main thread. May wait for name servers. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "admin/admin.h"
#include "loop/loop.h"
#include "option_values.h"
#include "options.h"
#include "tls/built.h"

/* Bytes of an address in front of the words behind it, and these. */
#define OPTIONS_ADDRESS_MAX 512
#define OPTIONS_PROXY       ",proxy"
#define OPTIONS_TLS         ",tls"

/* Says whether an address is among those of the first `count` places. */
static bool
options_has_address(const struct options *options, unsigned count,
    const struct listener_address *address)
{
	for (unsigned i = 0; i < count; i++) {
		const struct listener_addresses *given =
		    &options->listen[i].addresses;

		for (unsigned j = 0; j < given->count; j++)
			if (given->list[j].size == address->size &&
			    memcmp(&given->list[j].socket, &address->socket,
				address->size) == 0)
				return true;
	}
	return false;
}

/* Says whether one of the addresses of place number `count` has been given
 * before; free ports (0) may be given any number of times. */
static bool
options_listen_twice(const struct options *options, unsigned count)
{
	const struct listener_addresses *addresses =
	    &options->listen[count].addresses;

	for (unsigned i = 0; i < addresses->count; i++)
		if (!listener_has_any_port(&addresses->list[i]) &&
		    options_has_address(options, count, &addresses->list[i]))
			return true;
	return false;
}

/* Returns the name of an option that says something to who operates it, and nobody can
 * ask; or NULL. */
static const char *
options_find_unheard(const struct options *options)
{
	if (options->shown_fields != NULL && options->journal == 0)
		return "journal-headers";
	if (options->admin != NULL)
		return NULL;
	if (options->journal > 0)
		return "journal";
	if (options->admin_token_file != NULL)
		return "admin-token-file";
	return options->admin_hosts.count > 0 ? "admin-host" : NULL;
}

/* Finds the operator's address, into a place that has none. Returns NULL; or what is
 * wrong with it, constant. */
static const char *
options_find_admin(const struct options *options, struct listeners_place *place)
{
	const char *why = NULL;

	(void)listener_parse(options->admin, &place->addresses, &why);
	for (unsigned i = 0; why == NULL && i < place->addresses.count; i++)
		if (!listener_has_any_port(&place->addresses.list[i]) &&
		    options_has_address(options, options->listen_count,
			&place->addresses.list[i]))
			why = "clients are listened for there";
	for (unsigned i = 0; why == NULL && i < place->addresses.count; i++)
		if (!listener_is_local(&place->addresses.list[i]) &&
		    options->admin_token_file == NULL)
			why = "others can reach it: it wants "
			      "--admin-token-file, or a loopback address";
	return why;
}

static enum options_result
options_resolve_admin(struct options *options)
{
	struct listeners_place *place = &options->admin_place;
	const char *why, *unheard = options_find_unheard(options);

	*place = (struct listeners_place){ .routes = admin_routes };
	if (unheard != NULL) {
		log_error("--%s: nobody could ask for it: it wants --%s",
		    unheard, options->admin != NULL ? "journal" : "admin");
		return OPTIONS_USAGE;
	}
	if (options->admin == NULL)
		return OPTIONS_RUN;
	errno = 0;
	why = options_find_admin(options, place);
	if (why == NULL)
		return OPTIONS_RUN;
	log_error(OPTIONS_REFUSED "%s", "admin", options->admin, why);
	return errno == ENOMEM ? OPTIONS_FAILED : OPTIONS_USAGE;
}

/* Whether a model's connections are those of an event loop. */
static bool
options_have_loops(const struct options *options)
{
	return options->model->threads == MODEL_LOOPS ||
	       options->model->new_worker == loop_new;
}

/* Reads `,tls` and what may stand behind it. Returns NULL; or what is wrong, constant. */
static const char *
options_read_tls(const struct options *options, const char *behind,
    struct listeners_place *place)
{
	static const char handshake[] = ",handshake=";
	struct tls_words_fault fault;

	place->tls = true;
	if (!tls_is_built())
		return TLS_MISSING;
	if (!options_have_loops(options))
		return "TLS takes an event loop: --model=mtasync or async";
	if (*behind == '\0')
		return NULL;
	if (strncmp(behind, handshake, sizeof(handshake) - 1) != 0)
		return "behind ,tls there may be ,handshake=WORDS alone";
	behind += sizeof(handshake) - 1;
	if (options->routes == app_file_routes)
		return "--no-sleep takes the words of handshakes away";
	return tls_words_parse(span_of(behind), options->max_sleep, &place->act,
		   &fault) == 0
		   ? NULL
		   : fault.wanted;
}

/* Whether proxies are named, or none are needed: nobody but this machine can reach a
 * place. */
static bool
options_know_proxies(const struct options *options,
    const struct listeners_place *place)
{
	for (unsigned i = 0; i < place->addresses.count; i++)
		if (!listener_is_local(&place->addresses.list[i]))
			return options->trusted_count > 0;
	return true;
}

/* Reads `,proxy`. Returns NULL; or what is wrong, constant. */
static const char *
options_read_proxy(const struct options *options, struct listeners_place *place)
{
	place->proxied = true;
	if (!options_have_loops(options))
		return "the PROXY protocol takes an event loop: "
		       "--model=mtasync or async";
	return options_know_proxies(options, place)
		   ? NULL
		   : "others can reach it: it wants --trust=CIDR, "
		     "or a loopback address";
}

/* Returns where what stands behind an address begins: the first of these words, or the
 * end. */
static const char *
options_find_words(const char *text)
{
	const char *tls = strstr(text, OPTIONS_TLS);
	const char *proxy = strstr(text, OPTIONS_PROXY);

	if (tls == NULL && proxy == NULL)
		return text + strlen(text);
	if (tls == NULL || proxy == NULL)
		return tls != NULL ? tls : proxy;
	return tls < proxy ? tls : proxy;
}

/* Finds the addresses of a --listen, and reads what stands behind them: `,proxy`, and
 * behind that `,tls`. Returns NULL; or what is wrong, constant. */
static const char *
options_resolve_listen(const struct options *options, const char *text,
    struct listeners_place *place)
{
	const char *behind = options_find_words(text), *why = NULL;
	char address[OPTIONS_ADDRESS_MAX];

	*place = (struct listeners_place){ .routes = options->routes };
	if ((size_t)(behind - text) >= sizeof(address))
		return "the address is too long";
	memcpy(address, text, (size_t)(behind - text));
	address[behind - text] = '\0';
	(void)listener_parse(address, &place->addresses, &why);
	if (why != NULL)
		return why;
	if (options->forwarded != NULL && !options_know_proxies(options, place))
		return "others can reach it: --forwarded wants --trust=CIDR, "
		       "or a loopback address";
	if (strncmp(behind, OPTIONS_PROXY, sizeof(OPTIONS_PROXY) - 1) == 0) {
		behind += sizeof(OPTIONS_PROXY) - 1;
		why = options_read_proxy(options, place);
	}
	if (why != NULL || *behind == '\0')
		return why;
	if (strncmp(behind, OPTIONS_TLS, sizeof(OPTIONS_TLS) - 1) != 0)
		return "behind ,proxy there may be ,tls alone";
	return options_read_tls(options, behind + sizeof(OPTIONS_TLS) - 1,
	    place);
}

/* Whether there are trusted proxies, and no place for them; says so then. */
static bool
options_has_vain_trust(const struct options *options)
{
	for (unsigned i = 0; i < options->listen_count; i++)
		if (options->listen[i].proxied)
			return false;
	if (options->trusted_count == 0 || options->forwarded != NULL)
		return false;
	log_error("--trust: no proxy is listened to: it wants "
		  "--listen=ADDRESS,proxy or --forwarded");
	return true;
}

/* Whether something is said of TLS that is of no use; says so then. */
static bool
options_has_vain_tls(const struct options *options)
{
	const char *name = options->certs.count > 0         ? "cert"
			   : options->write_ca != NULL      ? "write-ca"
			   : options->ticket_secret != NULL ? "ticket-secret"
							    : NULL;

	const char *why = "nobody speaks TLS: it wants --listen=ADDRESS,tls";

	for (unsigned i = 0; i < options->listen_count && name != NULL; i++)
		if (options->listen[i].tls)
			name = NULL;
	if (name == NULL && options->write_ca != NULL &&
	    options->certs.count > 0 && options->routes == app_file_routes) {
		name = "write-ca";
		why = "with --cert and --no-sleep, no certificate is its own";
	}
	if (name != NULL)
		log_error("--%s: %s", name, why);
	return name != NULL;
}

enum options_result
options_resolve(struct options *options)
{
	for (unsigned i = 0; i < options->listen_count; i++) {
		const char *text = options->listen_texts[i];
		struct listeners_place *place = &options->listen[i];
		const char *why;

		errno = 0;
		why = options_resolve_listen(options, text, place);
		if (why == NULL && options_listen_twice(options, i))
			why = "this address is given twice";
		if (why == NULL)
			continue;
		log_error(OPTIONS_REFUSED "%s", "listen", text, why);
		return errno == ENOMEM ? OPTIONS_FAILED : OPTIONS_USAGE;
	}
	if (options_has_vain_tls(options) || options_has_vain_trust(options))
		return OPTIONS_USAGE;
	return options_resolve_admin(options);
}
