/*
 * What a ClientHello comes to: the name, its words, the certificate that is
 * shown, and which tickets are good; the worker's thread.
 */
#include "config.h"

#include "tls/inside.h"

/* Takes the next byte of a message's head: its kind, or a part of its length (RFC
 * 8446 4). */
static void
hello_take_head(struct tls *tls, char byte)
{
	if (tls->head == 4)
		tls->head = 0;
	tls->left = tls->head == 0 ? 0 : tls->left << 8 | (unsigned char)byte;
	tls->head++;
}

/* In 1.2, what comes in records of a handshake is sealed in the end, but not
 * before the ServerHello. */
bool
tls_hello_is_short(struct tls *tls, struct span part)
{
	if (tls->shaken ||
	    (tls->answered && SSL_version(tls->ssl) != TLS1_3_VERSION))
		return true;
	while (part.size > 0) {
		size_t size = 1;

		if (tls->head == 4 && tls->left > 0) {
			size = tls->left < part.size ? tls->left : part.size;
			tls->left -= (uint32_t)size;
		} else
			hello_take_head(tls, part.data[0]);
		span_skip(&part, size);
		if (tls->head == 4 && tls->left > TLS_HELLO_MAX)
			return false;
	}
	return true;
}

/* Takes a number of two bytes off *bytes, and so many bytes after it; false:
 * there are fewer. */
static bool
hello_take_vector(struct span *bytes, struct span *vector)
{
	size_t size;

	if (bytes->size < 2)
		return false;
	size = (size_t)(unsigned char)bytes->data[0] << 8 |
	       (unsigned char)bytes->data[1];
	span_skip(bytes, 2);
	if (bytes->size < size)
		return false;
	*vector = (struct span){ bytes->data, size };
	span_skip(bytes, size);
	return true;
}

/* The name that a client asks for (RFC 6066 3), of which there is one; or
 * nothing. OpenSSL refuses what is malformed. */
static struct span
hello_name(SSL *ssl)
{
	const struct span none = { "", 0 };
	const unsigned char *data;
	size_t size;
	struct span bytes, list, name;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data,
		&size) != 1)
		return none;
	bytes = (struct span){ (const char *)data, size };
	if (!hello_take_vector(&bytes, &list) || list.size == 0 ||
	    list.data[0] != TLSEXT_NAMETYPE_host_name)
		return none;
	span_skip(&list, 1);
	if (!hello_take_vector(&list, &name) || !tls_name_is_valid(name))
		return none;
	return name;
}

/* Returns what shows a certificate by this name, or by what is left of it behind
 * its words. */
static SSL_CTX *
hello_choose(const struct tls *tls, struct span name, struct span rest)
{
	const struct tls_keys *keys = tls->keys;
	size_t set = 0;

	if (keys->shown[tls->act.shown] != NULL)
		return keys->shown[tls->act.shown];
	if (!tls_names_find(&keys->names, name, &set) &&
	    !tls_names_find(&keys->names, rest, &set))
		set = 0;
	return keys->sets[set];
}

/* Shows our own certificate of this very name, where our own CA signs. Returns 0,
 * or -1. */
static int
hello_sign(const struct tls *tls, struct span name)
{
	struct tls_keys *keys = tls->keys;

	if (keys->shown[tls->act.shown] == NULL && !keys->own)
		return 0;
	return tls_signed_show(keys, tls->ssl, tls->act.shown, name);
}

/* Has tickets be good for this name alone, whatever its case, and for certificates of the
 * same kind: a server of another name may ask for others, and one of another address
 * may show wrong ones. */
static int
hello_bind_tickets(const struct tls *tls, struct span name)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char text[TLS_NAME_MAX + 1];
	unsigned size;

	text[name.size] = (char)tls->act.shown;
	for (size_t i = 0; i < name.size; i++)
		text[i] = (char)(name.data[i] >= 'A' && name.data[i] <= 'Z'
				     ? name.data[i] - 'A' + 'a'
				     : name.data[i]);
	if (EVP_Digest(text, name.size + 1, hash, &size, tls->keys->sha256,
		NULL) != 1 ||
	    SSL_set_session_id_context(tls->ssl, hash, size) != 1)
		return -1;
	return 0;
}

/* Has the handshake be as the words have it. Returns 0, or -1. */
static int
hello_apply(struct tls *tls)
{
	SSL *ssl = tls->ssl;

	if (tls->act.tls12 &&
	    SSL_set_max_proto_version(ssl, TLS1_2_VERSION) != 1)
		return -1;
	if (tls->act.no_ticket) {
		SSL_set_options(ssl, SSL_OP_NO_TICKET);
		SSL_set_num_tickets(ssl, 0);
	}
	return 0;
}

/* Looks at the ClientHello. Returns 0, or -1. */
static int
hello_hear(struct tls *tls)
{
	const struct tls_keys *keys = tls->keys;
	struct span name = hello_name(tls->ssl), rest = name;
	SSL_CTX *chosen;
	size_t set;

	if (keys->words && !tls_names_find_exact(&keys->names, name, &set))
		tls_words_take(&rest, keys->max_sleep, &tls->act);
	chosen = hello_choose(tls, name, rest);
	if (chosen != SSL_get_SSL_CTX(tls->ssl) &&
	    SSL_set_SSL_CTX(tls->ssl, chosen) == NULL)
		return -1;
	tls->heard = true;
	if (hello_bind_tickets(tls, name) == -1 || hello_sign(tls, name) == -1)
		return -1;
	return hello_apply(tls);
}

/* Returns what the words want before the ServerHello, once each; TLS_DONE:
 * nothing more. */
static enum tls_result
hello_wait(struct tls *tls)
{
	if (tls->act.sleep > 0 && !tls->slept) {
		tls->slept = true;
		return TLS_SLEEP;
	}
	switch (tls->act.fate) {
	case TLS_FATE_HELLO:
		break;
	case TLS_FATE_STALL:
		return TLS_STALL;
	case TLS_FATE_RESET:
		return TLS_RESET;
	case TLS_FATE_CLOSE:
		return TLS_CLOSE;
	case TLS_FATE_ALERT:
		tls_gate_alert(tls->keys->gate.turn, tls->act.alert);
		return TLS_BAD;
	}
	return TLS_DONE;
}

/* It is called again after SSL_CLIENT_HELLO_RETRY; and of a second ClientHello
 * (RFC 8446 4.1.4), whose name is the first one's. */
int
tls_hello_on_client(SSL *ssl, int *alert, void *arg)
{
	struct tls_keys *keys = arg;
	struct tls *tls = keys->gate.tls;

	(void)ssl;
	if (!tls->heard && hello_hear(tls) == -1) {
		*alert = SSL_AD_INTERNAL_ERROR;
		return SSL_CLIENT_HELLO_ERROR;
	}
	tls->pending = (uint8_t)hello_wait(tls);
	if (tls->pending != TLS_DONE)
		return SSL_CLIENT_HELLO_RETRY;
	tls->answered = true;
	return SSL_CLIENT_HELLO_SUCCESS;
}
