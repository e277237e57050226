/* The rules of the protocol, as OpenSSL has them; the main thread. */
#include "config.h"

#include <openssl/ssl.h>

#include "tls/inside.h"

/* All have forward secrecy and authenticated encryption. AES-128 first: it costs
 * the least; but for a client that wants ChaCha20 most, which has no AES. */
static const char protocol_ciphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const char protocol_suites[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
    "TLS_CHACHA20_POLY1305_SHA256";

/* The first of which this OpenSSL knows all groups. */
static const char *const protocol_groups[] = {
	"X25519MLKEM768:X25519:P-256:P-384",
	"X25519:P-256:P-384",
};

/* Takes the application's protocol (RFC 7301 3.2). */
static int
/* NOLINTNEXTLINE(readability-function-size): the parameters are OpenSSL's */
protocol_on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size,
    const unsigned char *in, unsigned in_size, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *found;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&found, out_size, ours, sizeof(ours) - 1, in,
		in_size) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = found;
	return SSL_TLSEXT_ERR_OK;
}

/* Says that the name is known (RFC 6066 3), so that OpenSSL keeps it. */
static int
protocol_on_name(SSL *ssl, int *alert, void *arg)
{
	(void)ssl;
	(void)alert;
	(void)arg;
	return SSL_TLSEXT_ERR_OK;
}

static bool
protocol_set_groups(SSL_CTX *ssl_ctx)
{
	for (size_t i = 0;
	     i < sizeof(protocol_groups) / sizeof(protocol_groups[0]); i++)
		if (SSL_CTX_set1_groups_list(ssl_ctx, protocol_groups[i]) == 1)
			return true;
	return false;
}

/* Sessions are in tickets alone, one for each connection. */
static void
protocol_set_modes(SSL_CTX *ssl_ctx)
{
	SSL_CTX_set_options(ssl_ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_clear_mode(ssl_ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode(ssl_ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ssl_ctx, (long)TLS_RATCHET_LIFETIME);
	SSL_CTX_set_security_level(ssl_ctx, 2);
	SSL_CTX_set_alpn_select_cb(ssl_ctx, protocol_on_alpn, NULL);
	SSL_CTX_set_tlsext_servername_callback(ssl_ctx, protocol_on_name);
}

SSL_CTX *
tls_protocol_new(OSSL_LIB_CTX *ctx)
{
	SSL_CTX *ssl_ctx = SSL_CTX_new_ex(ctx, NULL, TLS_server_method());

	if (ssl_ctx == NULL)
		return NULL;
	protocol_set_modes(ssl_ctx);
	if (SSL_CTX_set_min_proto_version(ssl_ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ssl_ctx, protocol_ciphers) == 1 &&
	    SSL_CTX_set_ciphersuites(ssl_ctx, protocol_suites) == 1 &&
	    SSL_CTX_set_num_tickets(ssl_ctx, 1) == 1 &&
	    protocol_set_groups(ssl_ctx))
		return ssl_ctx;
	SSL_CTX_free(ssl_ctx);
	return NULL;
}
