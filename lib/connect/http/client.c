#include "connect/http/http.h"
#include <curl/curl.h>
#include <limits.h>

#define GENERATIONS 3
#define URL_MAX 16384
#define TYPE "application/vnd.schemaregistry.v1+json"

struct pln__http {
    const pln_allocator *mem;
    CURL *curl;
    struct curl_slist *headers;
    char *base; /* the location without a slash at its end */
    json_t *replies[GENERATIONS];
    pln__text received;
    int64_t reply_max;
    bool too_large;
    char words[CURL_ERROR_SIZE];
};

const pln_option pln__http_options[] = {
    {"location", PLN_OPT_TEXT, 1, NULL, NULL,
     "the registry's URL, without user and password"},
    {"user", PLN_OPT_TEXT, 0, NULL, NULL, "the user of basic authentication"},
    {"password", PLN_OPT_SECRET, 0, NULL, NULL, "the user's password"},
    {"token", PLN_OPT_SECRET, 0, NULL, NULL, "a bearer token, instead of user and password"},
    {"ca_file", PLN_OPT_TEXT, 0, NULL, NULL,
     "certificates to trust instead of the system's, in PEM"},
    {"proxy", PLN_OPT_TEXT, 0, NULL, NULL,
     "the URL of a proxy; the environment is not asked for one"},
    {"connect_timeout", PLN_OPT_DURATION, 0, "\"5s\"", NULL, "how long a connection may take to be made"},
    {"timeout", PLN_OPT_DURATION, 0, "\"30s\"", NULL, "how long a call may take in all"},
    {"reply_max", PLN_OPT_BYTES, 0, "\"8MiB\"", NULL, "a reply that is larger is refused"},
    {0}};

const pln_allocator *pln__http_allocator(const pln__http *http) {
    return http->mem;
}

void pln__http_free(pln__http *http) {
    for (int i = 0; i < GENERATIONS; i++)
        json_decref(http->replies[i]);
    curl_easy_cleanup(http->curl);
    curl_slist_free_all(http->headers);
    pln__text_free(&http->received);
    pln__strfree(http->mem, http->base);
    pln__free(http->mem, http, sizeof *http);
}

static size_t receive(char *bytes, size_t size, size_t count, void *user) {
    pln__http *http = user;
    size_t n = size * count;
    http->too_large = http->received.size + (int64_t)n > http->reply_max;
    if (http->too_large)
        return 0;
    pln__text_bytes(&http->received, bytes, (int64_t)n);
    return http->received.failed ? 0 : n;
}

static long milliseconds(int64_t us) {
    int64_t ms = us / 1000;
    return ms < 1 ? 1 : ms > INT_MAX ? INT_MAX : (long)ms;
}

static bool add_header(pln__http *http, const char *line) {
    struct curl_slist *longer = curl_slist_append(http->headers, line);
    if (longer == NULL)
        return false;
    http->headers = longer;
    return true;
}

static pln_status check_url(const char *url, pln_error *err) {
    const char *host = strstr(url, "://");
    size_t authority = host == NULL ? 0 : strcspn(host + 3, "/?#");
    if (authority == 0)
        return pln__error_set(err, PLN_EINVAL, "option 'location': '%s' is no URL with a host",
                              url);
    if (memchr(host + 3, '@', authority) != NULL)
        return pln__error_set(err, PLN_EINVAL,
                              "option 'location': user and password stand in options of their own");
    if (strpbrk(url, "?#") != NULL || strlen(url) > URL_MAX / 4)
        return pln__error_set(err, PLN_EINVAL,
                              "option 'location': the URL is too long, or has a query or fragment");
    return PLN_OK;
}

/* What would reach out further than the one server, or into the process, is off. */
static bool set_bounds(pln__http *http, const pln_host *host, const pln_config *config) {
    CURL *c = http->curl;
    const char *ca = host->config_text(config, "ca_file"),
               *proxy = host->config_text(config, "proxy");
    bool ok = true;
    ok &= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075500
    ok &= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
#else
    ok &= curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS)) ==
          CURLE_OK;
#endif
    ok &= curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    ok &= curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK;
    ok &= curl_easy_setopt(c, CURLOPT_PROXY, proxy == NULL ? "" : proxy) == CURLE_OK;
    ok &= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
                           milliseconds(host->config_int(config, "connect_timeout"))) == CURLE_OK;
    ok &= curl_easy_setopt(c, CURLOPT_TIMEOUT_MS,
                           milliseconds(host->config_int(config, "timeout"))) == CURLE_OK;
    if (ca != NULL)
        ok &= curl_easy_setopt(c, CURLOPT_CAINFO, ca) == CURLE_OK;
    return ok;
}

static bool set_identity(pln__http *http, const pln_host *host, const pln_config *config) {
    CURL *c = http->curl;
    const char *user = host->config_text(config, "user"),
               *token = host->config_text(config, "token");
    const char *password = host->config_text(config, "password");
    if (token != NULL)
        return curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, token) == CURLE_OK;
    if (user == NULL)
        return true;
    return curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_USERNAME, user) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PASSWORD, password == NULL ? "" : password) == CURLE_OK;
}

static pln_status set_up(pln__http *http, pln_context *ctx, const pln_config *config,
                         pln_error *err) {
    const pln_host *host = ctx->host;
    const char *url = host->config_text(config, "location");
    int64_t size = (int64_t)strlen(url);
    pln_status status = check_url(url, err);
    if (status < 0)
        return status;
    if (host->config_has(config, "token") && host->config_has(config, "user"))
        return pln__error_set(err, PLN_EOPTION,
                              "options 'token' and 'user': only one may be given");
    while (url[size - 1] == '/')
        size--;
    http->base = pln__strndup(http->mem, url, size);
    http->curl = curl_easy_init();
    if (http->base == NULL || http->curl == NULL)
        return pln__error_memory(err, (uint64_t)size);
    http->reply_max = host->config_int(config, "reply_max");
    if (!add_header(http, "Accept: " TYPE ", application/json") ||
        !add_header(http, "Content-Type: " TYPE) || !add_header(http, "Expect:") ||
        curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, http->headers) != CURLE_OK ||
        curl_easy_setopt(http->curl, CURLOPT_ERRORBUFFER, http->words) != CURLE_OK ||
        curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, receive) != CURLE_OK ||
        curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, http) != CURLE_OK ||
        !set_bounds(http, host, config) || !set_identity(http, host, config))
        return pln__error_set(err, PLN_EUNSUPPORTED, "libcurl %s does not know what is asked of it",
                              curl_version_info(CURLVERSION_NOW)->version);
    return PLN_OK;
}

pln_status pln__http_new(pln_context *ctx, const pln_config *config, pln__http **out,
                         pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    pln__http *http = pln__calloc(mem, 1, sizeof *http);
    *out = NULL;
    if (http == NULL)
        return pln__error_memory(err, sizeof *http);
    http->mem = mem;
    pln__text_init(&http->received, mem);
    pln_status status = set_up(http, ctx, config, err);
    if (status < 0)
        pln__http_free(http);
    else
        *out = http;
    return status;
}

static pln_status curl_failed(const pln__http *http, CURLcode code, const char *url,
                              pln_error *err) {
    pln_status status = PLN_EIO;
    const char *words = http->words[0] != '\0' ? http->words : curl_easy_strerror(code);
    bool again = false;
    switch (code) {
    case CURLE_OUT_OF_MEMORY: status = PLN_ENOMEM; break;
    case CURLE_OPERATION_TIMEDOUT: status = PLN_ETIMEOUT; break;
    case CURLE_WRITE_ERROR:
        status = http->too_large ? PLN_ELIMIT : PLN_ENOMEM;
        words = http->too_large ? "the reply is larger than option 'reply_max'" : "out of memory";
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE: again = true; break;
    default: break;
    }
    pln__error_set(err, status, "%s: %s", url, words);
    if (err != NULL) {
        err->native = code;
        if (again)
            err->flags |= PLN_ERR_RETRYABLE;
    }
    return status;
}

static CURLcode perform(pln__http *http, const pln__http_call *call, const char *url,
                        long *http_status) {
    CURL *c = http->curl;
    CURLcode code = curl_easy_setopt(c, CURLOPT_URL, url);
    http->words[0] = '\0';
    http->too_large = false;
    if (code == CURLE_OK && call->body == NULL)
        code = curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
    if (code == CURLE_OK && call->body != NULL) {
        code = curl_easy_setopt(c, CURLOPT_POST, 1L);
        if (code == CURLE_OK)
            code = curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(call->body));
        if (code == CURLE_OK)
            code = curl_easy_setopt(c, CURLOPT_POSTFIELDS, call->body);
    }
    if (code == CURLE_OK)
        code = curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, call->method);
    if (code == CURLE_OK)
        code = curl_easy_perform(c);
    if (code == CURLE_OK)
        code = curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, http_status);
    return code;
}

pln_status pln__http_call_make(pln__http *http, const pln__http_call *call, json_t **reply,
                               pln_error *err) {
    long http_status = 0;
    pln__text url;
    *reply = NULL;
    pln__text_init(&url, http->mem);
    pln__text_printf(&url, "%s%s", http->base, call->path);
    pln_status status = pln__text_status(&url, err);
    if (status >= 0) {
        pln__text_free(&http->received);
        pln__text_init(&http->received, http->mem);
        pln__text_str(&http->received, "");
        CURLcode code = perform(http, call, url.data, &http_status);
        if (code != CURLE_OK)
            status = curl_failed(http, code, url.data, err);
        else if ((status = pln__reply_parse(http_status, http->received.data, http->received.size,
                                            reply, err)) < 0)
            pln__error_where(err, "%s", url.data);
    }
    json_decref(http->replies[GENERATIONS - 1]);
    memmove(&http->replies[1], &http->replies[0], (GENERATIONS - 1) * sizeof *http->replies);
    http->replies[0] = *reply;
    pln__text_free(&url);
    return status;
}
