#include "base/base.h"
#include "base/number.h"
#include "base/utf8.h"
#include <stdio.h>

void pln__text_init(pln__text *text, const pln_allocator *mem) {
    *text = (pln__text){.mem = mem};
}

/* Room for `extra` more bytes and the NUL. */
static bool reserve(pln__text *text, int64_t extra) {
    if (text->failed)
        return false;
    int64_t need;
    bool fits = pln__add(text->size, extra, &need) && pln__add(need, 1, &need);
    if (!fits || pln__grow(text->mem, &text->data, &text->capacity, need, 1, NULL) < 0)
        text->failed = true;
    return !text->failed;
}

void pln__text_bytes(pln__text *text, const void *bytes, int64_t size) {
    if (size < 0 || !reserve(text, size))
        return;
    if (size > 0)
        memcpy(text->data + text->size, bytes, (size_t)size);
    text->size += size;
    text->data[text->size] = '\0';
}

void pln__text_str(pln__text *text, const char *str) {
    pln__text_bytes(text, str, (int64_t)strlen(str));
}

void pln__text_char(pln__text *text, char c) {
    pln__text_bytes(text, &c, 1);
}

void pln__text_int(pln__text *text, int64_t value) {
    char digits[PLN__INT64_TEXT_SIZE];
    pln__text_bytes(text, digits, pln__format_int64(digits, value));
}

void pln__text_printf(pln__text *text, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char small[256];
    int n = vsnprintf(small, sizeof small, format, args);
    if (n < 0) {
        text->failed = true;
    } else if (n < (int)sizeof small) {
        pln__text_bytes(text, small, n);
    } else if (reserve(text, n)) {
        (void)vsnprintf(text->data + text->size, (size_t)n + 1, format, again);
        text->size += n;
    }
    va_end(again);
    va_end(args);
}

static void json_escape(pln__text *text, uint8_t c) {
    static const char hex[] = "0123456789abcdef";
    static const char short_form[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof short_form; i += 2) {
        if ((uint8_t)short_form[i] == c) {
            char two[2] = {'\\', short_form[i + 1]};
            pln__text_bytes(text, two, 2);
            return;
        }
    }
    char six[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    pln__text_bytes(text, six, 6);
}

void pln__text_json(pln__text *text, const char *bytes, int64_t size) {
    const uint8_t *in = (const uint8_t *)bytes;
    int64_t start = 0, i = 0;
    pln__text_char(text, '"');
    while (i < size) {
        int32_t used;
        int32_t point = pln__utf8_decode(in + i, size - i, &used);
        if (point >= 0x20 && point != '"' && point != '\\') {
            i += used;
            continue;
        }
        pln__text_bytes(text, in + start, i - start);
        if (point < 0)
            pln__text_str(text, "\xEF\xBF\xBD");
        else
            json_escape(text, (uint8_t)point);
        i += used;
        start = i;
    }
    if (size > start)
        pln__text_bytes(text, in + start, size - start);
    pln__text_char(text, '"');
}

pln_status pln__text_status(const pln__text *text, pln_error *err) {
    return text->failed ? pln__error_memory(err, (uint64_t)text->capacity * 2) : PLN_OK;
}

char *pln__text_take(pln__text *text) {
    char *out = NULL;
    if (text->data == NULL)
        pln__text_bytes(text, NULL, 0);
    if (!text->failed) {
        uint64_t size = strlen(text->data) + 1;
        out = pln__resize(text->mem, text->data, (uint64_t)text->capacity, size);
        if (out != NULL) {
            text->data = NULL;
        } else {
            text->failed = true;
        }
    }
    bool failed = text->failed;
    pln__text_free(text);
    text->failed = failed;
    return out;
}

void pln__text_free(pln__text *text) {
    pln__free(text->mem, text->data, (uint64_t)text->capacity);
    *text = (pln__text){.mem = text->mem};
}
