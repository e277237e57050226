/*
 * fuzz_tls: a client's bytes against src/tls/: any bytes in the place of a
 * handshake; or those of OpenSSL's own client, some of them changed on their way.
 * Split anyhow, any bytes come to the same. What is opened is what the client
 * said; no record that is whole is left; `out` has its bounds.
 *
 * The first byte says which: bit 0 for the client, bits 1 to 3 for the name that
 * it asks for, bit 4 for 1.2. Then come bytes; or places in the client's stream
 * (two bytes each), each with what its byte there is changed by. Random numbers
 * are a sequence that begins anew with each input.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "config.h"

#include <stdlib.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "fuzz.h"
#include "tls/keys.h"
#include "tls/tls.h"

#define CLIENT 0x01
#define TLS12  0x10

/* Steps that a handshake may take: a sleep is one of them. */
#define STEPS_MAX 100000

static const char *const names[] = { NULL, "localhost", "a.localhost",
	"sleep-1s.localhost", "tls12.records-1.localhost", "stall.localhost",
	"alert-40.localhost", "self-signed.no-close-notify.localhost" };

static const char said[] = "what the client says, and what it says then";

static struct tls_library *library;
static struct tls_keys *keys;
static struct tls_turn turn;
static SSL_CTX *rules;
static uint64_t chance;

static int
chance_bytes(unsigned char *bytes, int size)
{
	for (int i = 0; i < size; i++) {
		chance = chance * 6364136223846793005 + 1442695040888963407;
		bytes[i] = (unsigned char)(chance >> 56);
	}
	return 1;
}

static int
chance_status(void)
{
	return 1;
}

/* Once: what all inputs share. */
static void
prepare(void)
{
	static const RAND_METHOD method = { .bytes = chance_bytes,
		.pseudorand = chance_bytes,
		.status = chance_status };
	const struct tls_config config = { .words = true,
		.max_sleep = INT64_C(10) * 1000000000 };
	struct text fault = { 0 };
	struct tls_material *material;

	library = tls_library_new();
	RAND_set_rand_method(&method);
	material = tls_material_read(&config, NULL, time(NULL), &fault);
	FUZZ_CHECK(library != NULL && material != NULL);
	keys = tls_keys_new(library, material, &fault);
	tls_material_free(material);
	FUZZ_CHECK(keys != NULL && tls_turn_open(&turn) == 0);
	rules = SSL_CTX_new(TLS_client_method());
	FUZZ_CHECK(rules != NULL);
}

static struct tls *
begin(void)
{
	const struct tls_act none = { 0 };
	struct tls *tls;

	chance = 1;
	turn.in_start = turn.in_end = turn.out_size = 0;
	tls = tls_new(keys, &none);
	FUZZ_CHECK(tls != NULL);
	return tls;
}

/* Puts bytes behind the rest of the input, as from turn to turn. */
static void
receive(struct span bytes)
{
	struct span rest = tls_turn_input(&turn);

	FUZZ_CHECK(rest.size + bytes.size <= TLS_TURN_MAX);
	memmove(turn.in, rest.data, rest.size);
	memcpy(turn.in + rest.size, bytes.data, bytes.size);
	turn.in_start = 0;
	turn.in_end = rest.size + bytes.size;
}

/* Whether the first record of the rest is whole: none is, where more is asked
 * for. */
static void
check_rest(void)
{
	struct span rest = tls_turn_input(&turn);
	size_t size;

	if (rest.size < 5)
		return;
	size = (size_t)(unsigned char)rest.data[3] << 8 |
	       (unsigned char)rest.data[4];
	FUZZ_CHECK(size <= 16384 + 256);
	FUZZ_CHECK(rest.size < size + 5);
}

/* Goes on with the handshake, sleeps and all. */
static enum tls_result
shake(struct tls *tls)
{
	enum tls_result result = tls_shake(tls, &turn);

	if (result == TLS_SLEEP)
		result = tls_shake(tls, &turn);
	FUZZ_CHECK(result != TLS_SLEEP && result != TLS_ENDED);
	FUZZ_CHECK(turn.out_size <= TLS_OUT_FLIGHT);
	if (result == TLS_MORE)
		check_rest();
	if (result == TLS_BAD) {
		size_t before = turn.out_size;

		FUZZ_CHECK(tls_shake(tls, &turn) == TLS_BAD);
		tls_end(tls, &turn);
		FUZZ_CHECK(turn.out_size == before);
	}
	return result;
}

/* What any bytes come to: the result, and whether anything is said. How much,
 * signatures make a matter of chance. */
struct outcome {
	enum tls_result result;
	bool says;
};

/* All at once, or in pieces, of one byte or as `state` has it. */
static struct outcome
try_bytes(struct span bytes, bool split, uint64_t *state)
{
	struct outcome o = { TLS_MORE, false };
	struct tls *tls = begin();

	while (o.result == TLS_MORE && bytes.size > 0) {
		size_t size = !split          ? bytes.size
			      : state != NULL ? fuzz_piece(state, bytes.size)
					      : 1;

		receive((struct span){ bytes.data, size });
		span_skip(&bytes, size);
		o.result = shake(tls);
		o.says |= turn.out_size > 0;
		turn.out_size = 0;
	}
	/* the client would have to know what the server is to say */
	FUZZ_CHECK(o.result != TLS_DONE);
	tls_free(tls);
	return o;
}

static void
check_bytes(struct span bytes)
{
	struct outcome whole = try_bytes(bytes, false, NULL);
	uint64_t state = bytes.size;

	for (int i = 0; i < 3; i++) {
		struct outcome split = try_bytes(bytes, true,
		    i == 0 ? NULL : &state);

		FUZZ_CHECK(split.result == whole.result);
		FUZZ_CHECK(split.says == whole.says);
	}
}

/* A client whose bytes are changed on their way. */
struct changed {
	SSL *ssl;
	struct span changes; /* three bytes each */
	size_t sent;         /* bytes */
};

/* Moves what the client has to say to the input, but for what it has no room for. */
static bool
client_speak(struct changed *client)
{
	char bytes[4096];
	int size = BIO_read(SSL_get_wbio(client->ssl), bytes, sizeof(bytes));

	if (size <= 0)
		return false;
	for (size_t i = 0; i + 2 < client->changes.size; i += 3) {
		const unsigned char *change =
		    (const unsigned char *)client->changes.data + i;
		size_t at = (size_t)change[0] << 8 | change[1];

		if (at >= client->sent && at - client->sent < (size_t)size) {
			char *byte = bytes + (at - client->sent);

			*byte = (char)(*byte ^ change[2]);
		}
	}
	client->sent += (size_t)size;
	receive((struct span){ bytes, (size_t)size });
	return true;
}

/* Moves what the server has said to the client. */
static void
client_hear(struct changed *client)
{
	if (turn.out_size > 0)
		BIO_write(SSL_get_rbio(client->ssl), turn.out,
		    (int)turn.out_size);
	turn.out_size = 0;
}

static enum tls_result
client_shake(struct changed *client, struct tls *tls)
{
	enum tls_result result = TLS_MORE;

	for (int i = 0; result == TLS_MORE && i < STEPS_MAX; i++) {
		ERR_clear_error();
		SSL_do_handshake(client->ssl);
		if (!client_speak(client))
			break;
		result = shake(tls);
		client_hear(client);
	}
	return result;
}

/* The client says something, changes its keys, and says the rest. */
static void
client_talk(struct changed *client, struct tls *tls)
{
	char plain[7];
	size_t size, all = 0;
	enum tls_result result;

	ERR_clear_error();
	SSL_write(client->ssl, said, 20);
	SSL_key_update(client->ssl, SSL_KEY_UPDATE_REQUESTED);
	SSL_write(client->ssl, said + 20, sizeof(said) - 20);
	SSL_shutdown(client->ssl);
	while (client_speak(client))
		continue;
	while ((result = tls_open(tls, &turn, plain, sizeof(plain), &size)) ==
	       TLS_DONE) {
		FUZZ_CHECK(size > 0 && size <= sizeof(plain));
		FUZZ_CHECK(all + size <= sizeof(said));
		FUZZ_CHECK(memcmp(said + all, plain, size) == 0);
		all += size;
		if (size > tls_room(tls, &turn))
			turn.out_size = 0;
		FUZZ_CHECK(
		    tls_seal(tls, &turn, (struct span){ plain, size }) == 0);
	}
	FUZZ_CHECK(size == 0);
	if (result == TLS_MORE)
		check_rest();
	tls_end(tls, &turn);
	client_hear(client);
}

static void
check_client(unsigned flags, struct span changes)
{
	const char *name = names[flags >> 1 & 7];
	struct changed client = { .changes = changes };
	struct tls *tls = begin();
	enum tls_result result;

	client.ssl = SSL_new(rules);
	FUZZ_CHECK(client.ssl != NULL);
	SSL_set_bio(client.ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	BIO_set_mem_eof_return(SSL_get_rbio(client.ssl), -1);
	SSL_set_connect_state(client.ssl);
	if (name != NULL)
		SSL_set_tlsext_host_name(client.ssl, name);
	if ((flags & TLS12) != 0)
		SSL_set_max_proto_version(client.ssl, TLS1_2_VERSION);
	result = client_shake(&client, tls);
	if (result == TLS_DONE)
		client_talk(&client, tls);
	SSL_free(client.ssl);
	tls_free(tls);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input;

	if (keys == NULL)
		prepare();
	if (size == 0 || size > TLS_TURN_MAX / 2)
		return 0;
	input = fuzz_copy(data + 1, size - 1);
	if ((data[0] & CLIENT) != 0)
		check_client(data[0], input);
	else
		check_bytes(input);
	fuzz_free(input);
	return 0;
}
