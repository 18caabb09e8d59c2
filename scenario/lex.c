/* From characters to words; see lex.h. */
#include "scenario/lex.h"

#include "base/arena.h"
#include "base/limits.h"

#define MOST_WORDS 256
#define MOST_PARTS 64
#define MOST_TEXT (1024 * 1024)

struct lexer {
    struct arena *arena;
    str text;
    size_t at;
    struct buf piece; /* of the part at hand */
    struct lex_part parts[MOST_PARTS];
    size_t part_count;
    str *error;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

static bool refuse(struct lexer *lexer, const char *what)
{
    *lexer->error = str_of(what);
    return false;
}

static char peek(const struct lexer *lexer)
{
    return lexer->at < lexer->text.size ? lexer->text.ptr[lexer->at] : '\0';
}

static bool add_part(struct lexer *lexer, str text, bool variable)
{
    if (lexer->part_count == MOST_PARTS)
        return refuse(lexer, "this word is too long");
    lexer->parts[lexer->part_count++] = (struct lex_part){ str_copy(lexer->arena, text), variable };
    return true;
}

static bool end_piece(struct lexer *lexer)
{
    bool fine = lexer->piece.size == 0 || add_part(lexer, buf_str(&lexer->piece), false);
    buf_clear(&lexer->piece);
    return fine;
}

/* At a '$': a variable when a name follows, else the character itself. */
static bool take_variable(struct lexer *lexer)
{
    size_t from = ++lexer->at;
    if (!is_letter(peek(lexer))) {
        buf_add_char(&lexer->piece, '$');
        return true;
    }
    while (is_name(peek(lexer)))
        lexer->at++;
    str name = str_first(str_skip(lexer->text, from), lexer->at - from);
    return end_piece(lexer) && add_part(lexer, name, true);
}

static bool take_escape(struct lexer *lexer)
{
    static const char names[] = "\"\\$nt", meant[] = "\"\\$\n\t";
    char c = peek(lexer);
    const char *found = c ? memchr(names, c, sizeof names - 1) : NULL;
    if (!found)
        return refuse(lexer, "inside \"...\" a backslash stands before \", \\, $, n or t");
    buf_add_char(&lexer->piece, meant[found - names]);
    lexer->at++;
    return true;
}

static bool take_quoted(struct lexer *lexer, char mark)
{
    lexer->at++;
    while (lexer->at < lexer->text.size && peek(lexer) != mark) {
        char c = peek(lexer);
        if (mark == '"' && c == '$') {
            if (!take_variable(lexer))
                return false;
            continue;
        }
        lexer->at++;
        if (mark == '"' && c == '\\') {
            if (!take_escape(lexer))
                return false;
        } else
            buf_add_char(&lexer->piece, c);
    }
    if (lexer->at >= lexer->text.size)
        return refuse(lexer, "a quotation mark is not closed on this line");
    lexer->at++;
    return true;
}

static bool take_plain(struct lexer *lexer)
{
    char c = peek(lexer);
    if (c == '$')
        return take_variable(lexer);
    lexer->at++;
    if (c == '\\') {
        if (lexer->at >= lexer->text.size)
            return refuse(lexer, "a backslash stands at the end of the line");
        c = peek(lexer);
        lexer->at++;
    }
    buf_add_char(&lexer->piece, c);
    return true;
}

static bool take_word(struct lexer *lexer, struct lex_word *out)
{
    struct buf text;
    lexer->part_count = 0;
    *out = (struct lex_word){ .quoted = peek(lexer) == '"' || peek(lexer) == '\'' };
    while (lexer->at < lexer->text.size && !is_blank(peek(lexer))) {
        char c = peek(lexer);
        if (c == '"' || c == '\'' ? !take_quoted(lexer, c) : !take_plain(lexer))
            return false;
    }
    if (!end_piece(lexer))
        return false;
    buf_init_arena(&text, lexer->arena, MOST_TEXT);
    for (size_t i = 0; i < lexer->part_count; i++)
        buf_addf(&text, "%s%.*s", lexer->parts[i].variable ? "$" : "",
                 STR_ARG(lexer->parts[i].text));
    out->text = buf_str(&text);
    out->parts = arena_copy(lexer->arena, lexer->parts, lexer->part_count * sizeof *out->parts);
    out->part_count = lexer->part_count;
    return true;
}

static void skip_blanks(struct lexer *lexer)
{
    while (lexer->at < lexer->text.size && is_blank(peek(lexer)))
        lexer->at++;
}

bool lex_line(struct arena *arena, str text, struct lex_line *out, str *error)
{
    struct lexer lexer = { .arena = arena, .text = text, .error = error };
    struct lex_word words[MOST_WORDS];
    size_t from;
    *out = (struct lex_line){ .indent = 0 };
    buf_init_arena(&lexer.piece, arena, MOST_TEXT);
    for (; lexer.at < text.size && is_blank(text.ptr[lexer.at]); lexer.at++)
        out->indent += text.ptr[lexer.at] == '\t' ? 8 - out->indent % 8 : 1;
    from = lexer.at;
    while (lexer.at < text.size && peek(&lexer) != '#') {
        if (out->count == MOST_WORDS)
            return refuse(&lexer, "this line has too many words");
        if (!take_word(&lexer, &words[out->count++]))
            return false;
        skip_blanks(&lexer);
    }
    out->text = str_trim(str_first(str_skip(text, from), lexer.at - from));
    out->words = arena_copy(arena, words, out->count * sizeof *words);
    return true;
}

bool lex_word_has_variable(const struct lex_word *word)
{
    for (size_t i = 0; i < word->part_count; i++)
        if (word->parts[i].variable)
            return true;
    return false;
}

str lex_expand(struct arena *arena, const struct lex_word *word, const struct fields *variables)
{
    struct buf out;
    if (!lex_word_has_variable(word))
        return word->text;
    buf_init_arena(&out, arena, LIMIT_ANSWER_BYTES);
    for (size_t i = 0; i < word->part_count; i++) {
        const struct lex_part *part = &word->parts[i];
        buf_add(&out, part->variable ? fields_get_exact(variables, str_c(arena, part->text))
                                     : part->text);
    }
    return buf_str(&out);
}
