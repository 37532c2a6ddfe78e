#include "contract/contract.h"

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_id(char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-';
}

bool pln__match_id(const char *text, int64_t size) {
    for (int64_t i = 0; i < size; i++)
        if (!is_id(text[i]))
            return false;
    return size > 0;
}

/* Bytes of [A-Za-z_][A-Za-z0-9_]* from `text` on. */
static int64_t word(const char *text, int64_t size) {
    int64_t n = 0;
    while (n < size && (is_letter(text[n]) || text[n] == '_' || (n > 0 && is_digit(text[n]))))
        n++;
    return n;
}

bool pln__match_shorthand(const char *text, int64_t size) {
    int64_t n = word(text, size);
    if (n == 0 || n == size || text[n] != '.')
        return false;
    text += n + 1;
    size -= n + 1;
    return size > 0 && word(text, size) == size;
}

/* [A-Za-z0-9._\-\/]+\.yaml, "https://" before it or not. */
static bool is_file(const char *text, int64_t size) {
    static const char *const schemes[] = {"http://", "https://"};
    for (int i = 0; i < PLN__COUNT(schemes); i++) {
        int64_t n = (int64_t)strlen(schemes[i]);
        if (size >= n && memcmp(text, schemes[i], (size_t)n) == 0) {
            text += n;
            size -= n;
        }
    }
    for (int64_t i = 0; i < size; i++)
        if (!is_id(text[i]) && text[i] != '.' && text[i] != '/')
            return false;
    return size > 5 && memcmp(text + size - 5, ".yaml", 5) == 0;
}

bool pln__match_reference(const char *text, int64_t size) {
    const char *mark = memchr(text, '#', (size_t)size);
    if (mark != NULL) {
        if (!is_file(text, mark - text))
            return false;
        size -= mark + 1 - text;
        text = mark + 1;
    }
    if (size > 0 && *text == '/') {
        text++;
        size--;
    }
    while (size > 0) {
        int64_t n = word(text, size), id = 0;
        if (n == 0 || n == size || text[n] != '/')
            return false;
        text += n + 1;
        size -= n + 1;
        while (id < size && is_id(text[id]))
            id++;
        if (id == 0)
            return false;
        if (id == size)
            return true;
        if (text[id] != '/')
            return false;
        text += id + 1;
        size -= id + 1;
    }
    return false;
}

/* A scheme, a colon, something behind it, nothing that a URI must escape: enough to find what was never meant as one. */
bool pln__match_uri(const char *text, int64_t size) {
    int64_t n = 0;
    while (n < size && (is_letter(text[n]) || (n > 0 && (is_digit(text[n]) || text[n] == '+' ||
                                                         text[n] == '-' || text[n] == '.'))))
        n++;
    if (n == 0 || n + 1 >= size || text[n] != ':')
        return false;
    for (int64_t i = n; i < size; i++)
        if ((uint8_t)text[i] <= ' ' || (text[i] != '\0' && strchr("\"<>\\^`|", text[i]) != NULL))
            return false;
    return true;
}
