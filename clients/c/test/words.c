/* Words to JSON, and JSON compared with JSON: member by member, letter for letter. */
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/glassline_json.h"

#define WORDS_MAX 64

struct words {
    char text[LINE_BYTES];
    char *word[WORDS_MAX];
    size_t count;
};

static const char *KINDS[] = {"identify", "welcome", "ack", "nak", "window", "need", "error", "bye", "command", "result", "skip", "describe", "channel", "values", NULL};

static bool is_one_of(const char *word, const char *const *all) {
    for (; *all != NULL; all++)
        if (strcmp(word, *all) == 0) return true;
    return false;
}

static void split(const char *text, struct words *words) {
    snprintf(words->text, sizeof words->text, "%s", text);
    words->count = 0;
    for (char *word = strtok(words->text, " \t"); word != NULL; word = strtok(NULL, " \t")) words->word[words->count++] = word;
}

static void add(char *line, const char *text) { strncat(line, text, LINE_BYTES - strlen(line) - 1); }

/* A word as JSON: as it is where it is some, else as text. */
static void add_word(char *line, const char *word) {
    const char *end = word + strlen(word);
    bool json = glassline_json_value(word, end, 16) == end;
    if (!json) add(line, "\"");
    add(line, word);
    if (!json) add(line, "\"");
}

static void add_members(char *line, char **word, size_t count) {
    for (size_t at = 0; at < count; at++) {
        const char *key = word[at];
        bool flag = (strcmp(key, "boot") == 0 || strcmp(key, "ok") == 0) && (at + 1 == count || strcmp(word[at + 1], "false") != 0);
        if (at > 0) add(line, ",");
        add(line, "\"");
        add(line, key);
        add(line, "\":");
        if (flag) add(line, "true");
        else if (at + 1 < count) add_word(line, word[++at]);
    }
}

static void add_missing(char *line, struct words *words) {
    static const char *USUAL[][2] = {{"window", "64"}, {"heartbeat", "15"}, {"line_max", "65536"}, {"time", "1763846847123"}};
    for (size_t at = 0; at < 4; at++) {
        bool named = false;
        for (size_t other = 0; other < words->count; other++) named = named || strcmp(words->word[other], USUAL[at][0]) == 0;
        if (named) continue;
        add(line, ",\"");
        add(line, USUAL[at][0]);
        add(line, "\":");
        add(line, USUAL[at][1]);
    }
}

void line_of(const char *text, char line[LINE_BYTES]) {
    struct words words;
    line[0] = '\0';
    if (text[0] == '{') add(line, text);
    else if (strncmp(text, "raw ", 4) == 0) add(line, text + 4);
    if (line[0] != '\0' || strcmp(text, "heartbeat") == 0) return;
    split(text, &words);
    add(line, "{");
    size_t first = 0;
    bool error = strcmp(words.word[0], "error") == 0, numbered = words.word[0][0] >= '0' && words.word[0][0] <= '9';
    if (error) add(line, "\"error\":{");
    if (numbered) {
        size_t values = 1;
        while (values < words.count && strcmp(words.word[values], "ts") != 0 && strcmp(words.word[values], "outbox") != 0) values++;
        add(line, "\"seq\":");
        add(line, words.word[0]);
        add(line, ",\"values\":{");
        add_members(line, words.word + 1, values - 1);
        add(line, values < words.count ? "}," : "}");
        first = values;
    }
    first += error ? 1 : 0;
    add_members(line, words.word + first, words.count - first);
    if (strcmp(words.word[0], "welcome") == 0) add_missing(line, &words);
    add(line, error ? "}}" : "}");
}

void member_of(const char *line, const char *name, char text[LINE_BYTES]) {
    struct glassline_part key, value;
    text[0] = '\0';
    if (line[0] != '{') return;
    for (const char *at = line + 1; glassline_json_member(&at, line + strlen(line), &key, &value);) {
        if (key.bytes == strlen(name) && strncmp(key.text, name, key.bytes) == 0) {
            snprintf(text, LINE_BYTES, "%.*s", (int)value.bytes, value.text);
        }
    }
}

/* Whether each member of `one` but the nonce is in `other`. */
static bool includes(const char *one, const char *other) {
    struct glassline_part key, value;
    for (const char *at = one + 1; glassline_json_member(&at, one + strlen(one), &key, &value);) {
        char name[LINE_BYTES], text[LINE_BYTES], wanted[LINE_BYTES];
        snprintf(name, sizeof name, "%.*s", (int)key.bytes, key.text);
        snprintf(wanted, sizeof wanted, "%.*s", (int)value.bytes, value.text);
        member_of(other, name, text);
        if (strcmp(name, "nonce") != 0 && strcmp(text, wanted) != 0) return false;
    }
    return true;
}

/* Samples as an object of their values, in whichever form they stand; `others`: what stands beside them. */
static void samples_of(const char *line, char values[LINE_BYTES], char others[LINE_BYTES]) {
    struct glassline_part key, value;
    char channel[LINE_BYTES];
    member_of(line, "values", values);
    member_of(line, "channel", channel);
    bool shorthand = values[0] == '\0' && channel[0] == '\0';
    if (channel[0] != '\0') {
        char text[LINE_BYTES];
        member_of(line, "value", text);
        strcpy(values, "{");
        add(values, channel);
        add(values, ":");
        add(values, text);
        add(values, "}");
    }
    strcpy(others, "{");
    if (shorthand) strcpy(values, "{");
    for (const char *at = line + 1; glassline_json_member(&at, line + strlen(line), &key, &value);) {
        char member[LINE_BYTES];
        snprintf(member, sizeof member, "%.*s", (int)(value.text + value.bytes - key.text) + 1, key.text - 1);
        bool beside = strncmp(member, "\"seq\"", 5) == 0 || strncmp(member, "\"ts\"", 4) == 0 || strncmp(member, "\"outbox\"", 8) == 0;
        if (!beside && !shorthand) continue;
        char *to = beside ? others : values;
        if (to[1] != '\0') add(to, ",");
        add(to, member);
    }
    add(others, "}");
    if (shorthand) add(values, "}");
}

bool matches(const char *text, const char *said) {
    struct words words;
    char kept[LINE_BYTES] = "", wanted[LINE_BYTES], values[2][LINE_BYTES], others[2][LINE_BYTES];
    if (text[0] == '{' || strcmp(text, "heartbeat") == 0) {
        line_of(text, wanted);
        if (wanted[0] == '\0' || said[0] == '\0') return wanted[0] == said[0];
        return includes(wanted, said) && includes(said, wanted);
    }
    split(text, &words);
    bool kind = is_one_of(words.word[0], KINDS);
    for (size_t at = 0; at < words.count; at++) {
        if (kind && strcmp(words.word[at], "no") == 0) {
            char there[LINE_BYTES];
            member_of(said, words.word[++at], there);
            if (there[0] != '\0') return false;
            continue;
        }
        if (kept[0] != '\0') add(kept, " ");
        add(kept, words.word[at]);
    }
    line_of(kept, wanted);
    if (said[0] == '\0') return false;
    if (kind) return includes(wanted, said);
    if (words.word[0][0] >= '0' && words.word[0][0] <= '9' && strncmp(said, "{\"seq\":", 7) != 0) return false;
    samples_of(wanted, values[0], others[0]);
    samples_of(said, values[1], others[1]);
    return includes(values[0], values[1]) && includes(values[1], values[0]) && includes(others[0], others[1]);
}
