/* The codecs of a pack, compiled: the same bytes as huffman.py, plane.py, planes.py and delta.py write,
 * and a fast reader for what they write. FORMAT.txt (in_vault/) is the specification of all of it.
 *
 * C99, no library beyond the C one, little-endian machines only (kernel.py looks). Four functions are
 * called from outside, all at the end. The encoders trust their input; the decoders trust nothing: every
 * length is checked before it is used, and whatever they do not know or do not like ends in -1, upon
 * which Python reads the frame with zlib and says what is wrong with it.
 */
#include <stdint.h>
#include <stdlib.h> /* qsort */
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define LIMIT 12                    /* longest code that is written, and that is read here */
#define END 256                     /* ends a block */
#define FOUR_FROM (1u << 17)        /* rows from this size on are cut into four streams */
#define LEAST 4096                  /* elements in a group of changes */
#define HEAD_BYTES 1024             /* the head of a block takes at most 700 */
enum { STORED, CONSTANT, ONE, FOUR };

/* ---- bits out ------------------------------------------------------------------------------- */

typedef struct { u64 held; unsigned count; u8 *at; } Writer; /* writes 8 bytes at a time */

static inline void put(Writer *w, u64 bits, unsigned count) {
    w->held |= bits << w->count;
    w->count += count;
}

static inline void flush(Writer *w) { /* before the 57th bit */
    memcpy(w->at, &w->held, 8);
    w->at += w->count >> 3;
    w->held >>= w->count & ~7u;
    w->count &= 7;
}

/* ---- Huffman codes: see huffman.py, step by step --------------------------------------------- */

static int ascending(const void *a, const void *b) {
    u64 x = *(const u64 *)a, y = *(const u64 *)b;
    return (x > y) - (x < y);
}

static void minimum(int64_t *a, int n) { /* Moffat and Katajainen: counts in, lengths out */
    int root = 0, leaf = 2, at, free_ = 1, used = 0, depth = 0;
    a[0] += a[1];
    for (at = 1; at < n - 1; at++) {
        if (leaf >= n || a[root] < a[leaf]) { a[at] = a[root]; a[root++] = at; }
        else a[at] = a[leaf++];
        if (leaf >= n || (root < at && a[root] < a[leaf])) { a[at] += a[root]; a[root++] = at; }
        else a[at] += a[leaf++];
    }
    a[n - 2] = 0;
    for (at = n - 3; at >= 0; at--) a[at] = a[a[at]] + 1;
    root = n - 2;
    at = n - 1;
    while (free_ > 0) {
        while (root >= 0 && a[root] == depth) { used++; root--; }
        while (free_ > used) { a[at--] = depth; free_--; }
        free_ = 2 * used;
        depth++;
        used = 0;
    }
}

static void lengths(const u32 *counts, int symbols, int limit, u8 *sizes) {
    u64 order[END + 1];
    int64_t a[END + 1], full = 1 << limit, kraft = 0;
    int n = 0, i;
    memset(sizes, 0, symbols);
    for (i = 0; i < symbols; i++) if (counts[i]) order[n++] = (u64)counts[i] << 9 | (u64)i;
    qsort(order, n, sizeof *order, ascending);
    for (i = 0; i < n; i++) a[i] = (int64_t)(order[i] >> 9);
    minimum(a, n);
    if (a[0] > limit) {
        for (i = 0; i < n; i++) { if (a[i] > limit) a[i] = limit; kraft += full >> a[i]; }
        for (i = 0; i < n; i++)
            while (kraft > full && a[i] < limit) kraft -= full >> ++a[i];
        while (kraft < full)
            for (i = n - 1; i >= 0; i--)
                while (a[i] > 1 && kraft + (full >> a[i]) <= full) kraft += full >> a[i]--;
    }
    for (i = 0; i < n; i++) sizes[order[i] & 511] = (u8)a[i];
}

static void codes(const u8 *sizes, int symbols, u16 *code) { /* canonical, first bit lowest */
    u32 count[16] = {0}, next[17] = {0}, at = 0;
    int i, b;
    for (i = 0; i < symbols; i++) count[sizes[i]]++;
    count[0] = 0;
    for (i = 1; i < 16; i++) next[i] = at = (at + count[i - 1]) << 1;
    for (i = 0; i < symbols; i++) {
        u32 value = next[sizes[i]]++, turned = 0;
        for (b = 0; b < sizes[i]; b++) turned |= (value >> b & 1) << (sizes[i] - 1 - b);
        code[i] = (u16)turned;
    }
}

static const u8 ORDER[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

typedef struct { u8 symbol, extra, width; } Run;

static unsigned head(const u8 *sizes, u8 *out) { /* write the head of a block; return its bits */
    Run runs[END + 2];
    u8 all[END + 2], small[19];
    u16 code[19];
    u32 counts[19] = {0};
    int n = 0, i, run, last = 3;
    Writer w = {0, 0, out};
    memcpy(all, sizes, END + 1);
    all[END + 1] = 0; /* one distance code of no bits: there are no distances */
    for (i = 0; i < END + 2; i += run) {
        int value = all[i], left;
        for (run = 1; i + run < END + 2 && all[i + run] == value; run++) {}
        left = run;
        if (value) { runs[n++] = (Run){(u8)value, 0, 0}; left--; }
        while (left >= 3) {
            int take;
            if (value) { take = left < 6 ? left : 6; runs[n++] = (Run){16, (u8)(take - 3), 2}; }
            else if (left >= 11) { take = left < 138 ? left : 138; runs[n++] = (Run){18, (u8)(take - 11), 7}; }
            else { take = left; runs[n++] = (Run){17, (u8)(take - 3), 3}; }
            left -= take;
        }
        while (left-- > 0) runs[n++] = (Run){(u8)value, 0, 0};
    }
    for (i = 0; i < n; i++) counts[runs[i].symbol]++;
    lengths(counts, 19, 7, small);
    codes(small, 19, code);
    for (i = 4; i < 19; i++) if (small[ORDER[i]]) last = i;
    put(&w, 5, 13); /* final, dynamic, 257 literals, 1 distance */
    put(&w, (u64)(last - 3), 4);
    for (i = 0; i <= last; i++) { flush(&w); put(&w, small[ORDER[i]], 3); }
    for (i = 0; i < n; i++) {
        flush(&w);
        put(&w, code[runs[i].symbol], small[runs[i].symbol]);
        put(&w, runs[i].extra, runs[i].width);
    }
    flush(&w);
    memcpy(w.at, &w.held, 8);
    return (unsigned)((w.at - out) * 8) + w.count;
}

/* ---- rows out -------------------------------------------------------------------------------- */

typedef struct {
    int kind, streams;
    u64 bytes;
    u8 sizes[END + 1], head[HEAD_BYTES];
    unsigned head_bits;
} Plan;

static void histogram(const u8 *row, size_t n, u32 *counts) { /* four at once: no waiting on one cell */
    u32 part[4][256];
    size_t i;
    memset(part, 0, sizeof part);
    for (i = 0; i + 8 <= n; i += 8) {
        u64 v;
        memcpy(&v, row + i, 8);
        part[0][v & 255]++; part[1][v >> 8 & 255]++; part[2][v >> 16 & 255]++; part[3][v >> 24 & 255]++;
        part[0][v >> 32 & 255]++; part[1][v >> 40 & 255]++; part[2][v >> 48 & 255]++; part[3][v >> 56]++;
    }
    for (; i < n; i++) part[0][row[i]]++;
    for (i = 0; i < 256; i++) counts[i] = part[0][i] + part[1][i] + part[2][i] + part[3][i];
}

static void plan(const u8 *row, size_t n, Plan *p) {
    u32 counts[END + 1];
    u64 bits = 0, coded;
    int i, different = 0;
    p->kind = STORED;
    p->bytes = n ? 1 + (u64)n : 0;
    if (!n) return;
    histogram(row, n, counts);
    for (i = 0; i < 256; i++) different += counts[i] != 0;
    if (different == 1) { p->kind = CONSTANT; p->bytes = 2; return; }
    p->streams = n >= FOUR_FROM ? 4 : 1;
    counts[END] = (u32)p->streams;
    lengths(counts, END + 1, LIMIT, p->sizes);
    p->head_bits = head(p->sizes, p->head);
    for (i = 0; i <= END; i++) bits += (u64)counts[i] * p->sizes[i];
    coded = 1 + 4 * (u64)p->streams + (bits + (u64)p->streams * (p->head_bits + 7)) / 8;
    if (coded * 128 < (u64)n * 127) { p->kind = p->streams == 4 ? FOUR : ONE; p->bytes = coded; }
}

static u8 *block(const u8 *row, size_t n, const Plan *p, const u32 *table, u8 *out) {
    size_t i;
    Writer w;
    memcpy(out, p->head, (p->head_bits + 7) / 8);
    w.at = out + p->head_bits / 8;
    w.count = p->head_bits & 7;
    w.held = w.count ? *w.at : 0;
    for (i = 0; i + 4 <= n; i += 4) { /* 7 + 4 * 12 bits at most */
        u32 a = table[row[i]], b = table[row[i + 1]], c = table[row[i + 2]], d = table[row[i + 3]];
        u64 ab = (u64)(a & 0xffff) | (u64)(b & 0xffff) << (a >> 16);
        u64 cd = (u64)(c & 0xffff) | (u64)(d & 0xffff) << (c >> 16);
        unsigned first = (a >> 16) + (b >> 16);
        put(&w, ab | cd << first, first + (c >> 16) + (d >> 16));
        flush(&w);
    }
    for (; i < n; i++) { put(&w, table[row[i]] & 0xffff, table[row[i]] >> 16); flush(&w); }
    put(&w, table[END] & 0xffff, table[END] >> 16);
    flush(&w);
    memcpy(w.at, &w.held, 8);
    return w.at + (w.count != 0);
}

static u8 *put_row(const u8 *row, size_t n, const Plan *p, u8 *out) {
    u16 code[END + 1];
    u32 table[END + 1], size;
    u8 *sizes = out + 1;
    size_t piece, at;
    int i;
    if (!n) return out;
    *out++ = (u8)p->kind;
    if (p->kind == CONSTANT) { *out++ = row[0]; return out; }
    if (p->kind == STORED) { memcpy(out, row, n); return out + n; }
    codes(p->sizes, END + 1, code);
    for (i = 0; i <= END; i++) table[i] = code[i] | (u32)p->sizes[i] << 16;
    out += 4 * p->streams;
    piece = (n + p->streams - 1) / p->streams;
    for (at = 0; at < n; at += piece, sizes += 4) {
        u8 *end = block(row + at, n - at < piece ? n - at : piece, p, table, out);
        size = (u32)(end - out);
        memcpy(sizes, &size, 4);
        out = end;
    }
    return out;
}

/* ---- rows in --------------------------------------------------------------------------------- */

typedef struct { u64 held; unsigned count; const u8 *at, *end; unsigned past; } Bits;

static void fill(Bits *b) { /* to at least 56 bits; zeros after the end, counted in past */
    while (b->count <= 56) {
        if (b->at < b->end) b->held |= (u64)*b->at++ << b->count;
        else b->past += 8;
        b->count += 8;
    }
}

static inline unsigned take(Bits *b, unsigned count) { /* after fill: at most 56 bits in all */
    unsigned value = (unsigned)(b->held & ((1u << count) - 1));
    b->held >>= count;
    b->count -= count;
    return value;
}

/* Every 12 bits that can come: one symbol and its length, and as many symbols as fit whole. */
typedef struct {
    u8 sizes[END + 1];
    int known;
    u16 one[1 << LIMIT]; /* symbol << 4 | length */
    u64 many[1 << LIMIT]; /* six symbols; bits used << 48; how many symbols << 56, 0: the end */
} Table;

static int lay_out(const u8 *sizes, int symbols, int bits, u16 *one) {
    u16 code[END + 1];
    u32 kraft = 0;
    int i;
    for (i = 0; i < symbols; i++) if (sizes[i]) kraft += (1u << bits) >> sizes[i];
    if (kraft != 1u << bits) return -1; /* only whole codes */
    codes(sizes, symbols, code);
    for (i = 0; i < symbols; i++) {
        u32 at, step = 1u << sizes[i];
        if (sizes[i]) for (at = code[i]; at < 1u << bits; at += step) one[at] = (u16)(i << 4 | sizes[i]);
    }
    return 0;
}

static void lay_out_many(Table *t) {
    u32 at;
    for (at = 0; at < 1u << LIMIT; at++) {
        u64 entry = 0;
        unsigned used = 0, n = 0;
        while (n < 6) {
            u16 one = t->one[at >> used];
            if (one >> 4 == END || used + (one & 15) > LIMIT) break;
            entry |= (u64)(one >> 4) << (8 * n++);
            used += one & 15;
        }
        t->many[at] = entry | (u64)used << 48 | (u64)n << 56;
    }
}

static int read_head(Bits *b, Table *t) { /* the head of a final dynamic block without distances */
    u8 small[19] = {0}, sizes[END + 1 + 30 + 32] = {0};
    u16 one[128];
    unsigned literals, distances, n, i, at = 0;
    fill(b);
    if (take(b, 3) != 5) return -1;
    literals = take(b, 5) + 257;
    distances = take(b, 5) + 1;
    n = take(b, 4) + 4;
    if (literals > 286 || distances > 30) return -1;
    for (i = 0; i < n; i++) { fill(b); small[ORDER[i]] = (u8)take(b, 3); }
    if (lay_out(small, 19, 7, one)) return -1;
    while (at < literals + distances) {
        unsigned symbol, again = 1, value;
        u16 found;
        fill(b);
        found = one[b->held & 127];
        take(b, found & 15);
        value = symbol = found >> 4;
        if (symbol == 16) {
            if (!at) return -1;
            value = sizes[at - 1];
            again = 3 + take(b, 2);
        } else if (symbol > 16) {
            value = 0;
            again = symbol == 17 ? 3 + take(b, 3) : 11 + take(b, 7);
        }
        if (at + again > literals + distances) return -1;
        while (again--) sizes[at++] = (u8)value;
    }
    for (i = 0; i < at; i++) if (sizes[i] > LIMIT || (i > END && sizes[i])) return -1;
    if (b->past > b->count || !sizes[END]) return -1;
    if (t->known) return memcmp(t->sizes, sizes, END + 1) ? -1 : 0; /* the streams of a row share a code */
    if (lay_out(sizes, END + 1, LIMIT, t->one)) return -1;
    lay_out_many(t);
    memcpy(t->sizes, sizes, END + 1);
    t->known = 1;
    return 0;
}

typedef struct { Bits in; u8 *out, *end; } Stream;

#define ROUND 32 /* bytes that four looks may write, a little more */

#define REFILL(s) do { u64 v; memcpy(&v, (s).in.at, 8); (s).in.held |= v << (s).in.count; \
    (s).in.at += (63 - (s).in.count) >> 3; (s).in.count |= 56; } while (0)
#define LOOK(s, e) do { e = many[(s).in.held & ((1 << LIMIT) - 1)]; memcpy((s).out, &e, 8); \
    (s).out += e >> 56; (s).in.count -= (unsigned)(e >> 48) & 255; (s).in.held >>= (e >> 48) & 255; } while (0)
#define ROOM(s) ((s).in.end - (s).in.at >= 8 && (s).end - (s).out >= ROUND)

static int finish(Stream *s, const Table *t) { /* the last symbols, one by one, and the end mark */
    for (;;) {
        u16 one;
        fill(&s->in);
        one = t->one[s->in.held & ((1 << LIMIT) - 1)];
        take(&s->in, one & 15);
        if (s->in.past > s->in.count) return -1;
        if (one >> 4 == END) break;
        if (s->out == s->end) return -1;
        *s->out++ = (u8)(one >> 4);
    }
    /* All bytes given, and nothing but the rest of one byte left over. */
    return s->out == s->end && s->in.at == s->in.end && s->in.count - s->in.past < 8 ? 0 : -1;
}

static int decode_one(Stream *s, const Table *t) {
    Stream a = *s; /* a copy of its own stays in registers */
    const u64 *many = t->many;
    u64 e = 1ull << 56;
    while (ROOM(a) && e >> 56) { REFILL(a); LOOK(a, e); LOOK(a, e); LOOK(a, e); LOOK(a, e); }
    *s = a;
    return finish(s, t);
}

static int decode_four(Stream *s, const Table *t) { /* four streams, one code: their looks overlap */
    Stream a = s[0], b = s[1], c = s[2], d = s[3];
    const u64 *many = t->many;
    int i, bad = 0;
    while (ROOM(a) && ROOM(b) && ROOM(c) && ROOM(d)) {
        u64 e, f, g, h;
        REFILL(a); REFILL(b); REFILL(c); REFILL(d);
        LOOK(a, e); LOOK(b, f); LOOK(c, g); LOOK(d, h);
        LOOK(a, e); LOOK(b, f); LOOK(c, g); LOOK(d, h);
        LOOK(a, e); LOOK(b, f); LOOK(c, g); LOOK(d, h);
        LOOK(a, e); LOOK(b, f); LOOK(c, g); LOOK(d, h);
        if (!(e >> 56) || !(f >> 56) || !(g >> 56) || !(h >> 56)) break;
    }
    s[0] = a; s[1] = b; s[2] = c; s[3] = d;
    for (i = 0; i < 4; i++) bad |= decode_one(s + i, t);
    return bad;
}

typedef struct { const u8 *at, *end; Table *table; } Frame;

/* Decode the next row into out, or point at it where it is stored; NULL when it is not sound. */
static const u8 *get_row(Frame *f, size_t n, u8 *out) {
    Stream s[4];
    Table *t = f->table;
    size_t piece;
    int kind, pieces, i;
    if (!n) return out;
    if (f->at == f->end) return NULL;
    kind = *f->at++;
    if (kind == STORED) {
        if ((size_t)(f->end - f->at) < n) return NULL;
        f->at += n;
        return f->at - n;
    }
    if (kind == CONSTANT) {
        if (f->at == f->end) return NULL;
        memset(out, *f->at++, n);
        return out;
    }
    if (kind != ONE && kind != FOUR) return NULL;
    pieces = kind == FOUR ? 4 : 1;
    if (f->end - f->at < 4 * pieces) return NULL;
    piece = (n + pieces - 1) / pieces;
    const u8 *at = f->at + 4 * pieces;
    t->known = 0;
    for (i = 0; i < pieces; i++) {
        u32 size;
        size_t from = piece * i < n ? piece * i : n, to = from + piece < n ? from + piece : n;
        memcpy(&size, f->at + 4 * i, 4);
        if (size > (size_t)(f->end - at)) return NULL;
        s[i] = (Stream){{0, 0, at, at + size, 0}, out + from, out + to};
        at += size;
        if (read_head(&s[i].in, t)) return NULL;
        /* Hand whole bytes back: the fast loop reads eight at a time. */
        while (s[i].in.count >= 8) {
            s[i].in.count -= 8;
            if (s[i].in.past) s[i].in.past -= 8; else s[i].in.at--;
        }
        s[i].in.held &= (1u << s[i].in.count) - 1;
    }
    f->at = at;
    if (pieces == 4 ? decode_four(s, t) : decode_one(s, t)) return NULL;
    return out;
}

/* ---- elements -------------------------------------------------------------------------------- */

static inline u64 get(const u8 *p, size_t i, int width) {
    if (width == 1) return p[i];
    if (width == 2) { u16 v; memcpy(&v, p + 2 * i, 2); return v; }
    if (width == 4) { u32 v; memcpy(&v, p + 4 * i, 4); return v; }
    { u64 v; memcpy(&v, p + 8 * i, 8); return v; }
}

static inline void set(u8 *p, size_t i, int width, u64 value) {
    if (width == 1) p[i] = (u8)value;
    else if (width == 2) { u16 v = (u16)value; memcpy(p + 2 * i, &v, 2); }
    else if (width == 4) { u32 v = (u32)value; memcpy(p + 4 * i, &v, 4); }
    else memcpy(p + 8 * i, &value, 8);
}

static inline u64 whole(int width) { return width == 8 ? ~0ull : (1ull << (8 * width & 63)) - 1; }

static inline u64 turned(u64 v, int width) { return (v << 1 | v >> (8 * width - 1)) & whole(width); }

static inline u64 turned_back(u64 v, int width) {
    return (v >> 1 | v << (8 * width - 1)) & whole(width);
}

static inline void split(const u8 *data, size_t n, int width, int turn, u8 *rows) {
    size_t i;
    int j;
    for (i = 0; i < n; i++) {
        u64 v = get(data, i, width);
        if (turn) v = turned(v, width);
        for (j = 0; j < width; j++) rows[j * n + i] = (u8)(v >> 8 * (width - 1 - j));
    }
}

static inline void join(const u8 **rows, size_t n, int width, int turn, u8 *out) {
    size_t i;
    int j;
    for (i = 0; i < n; i++) {
        u64 v = 0;
        for (j = 0; j < width; j++) v = v << 8 | rows[j][i];
        set(out, i, width, turn ? turned_back(v, width) : v);
    }
}

static inline void split2(const u8 *data, size_t n, int turn, u8 *restrict top, u8 *restrict low) {
    size_t i;
    for (i = 0; i < n; i++) {
        u16 v;
        memcpy(&v, data + 2 * i, 2);
        if (turn) v = (u16)(v << 1 | v >> 15);
        top[i] = (u8)(v >> 8);
        low[i] = (u8)v;
    }
}

static inline void join2(const u8 *top, const u8 *low, size_t n, int turn, u8 *restrict out) {
    size_t i;
    for (i = 0; i < n; i++) {
        u16 v = (u16)(top[i] << 8 | low[i]);
        if (turn) v = (u16)(v >> 1 | v << 15);
        memcpy(out + 2 * i, &v, 2);
    }
}

/* Call a function whose loops are compiled once for every width. */
#define BY_WIDTH(width, call) do { switch (width) { \
    case 1: { enum { W = 1 }; call; break; } case 2: { enum { W = 2 }; call; break; } \
    case 4: { enum { W = 4 }; call; break; } default: { enum { W = 8 }; call; } } } while (0)

/* ---- the change to a base ---------------------------------------------------------------------- */

static inline u64 ordered(u64 v, int width) {
    u64 top = 1ull << (8 * width - 1);
    return (v & top ? ~v : v ^ top) & whole(width);
}

static inline u64 restored(u64 v, int width) {
    u64 top = 1ull << (8 * width - 1);
    return (v & top ? v ^ top : ~v) & whole(width);
}

static inline u64 zigzag(u64 d, int width) {
    d &= whole(width);
    return (d << 1 ^ (0 - (d >> (8 * width - 1)))) & whole(width);
}

static inline u64 zigzag_back(u64 z) { return z >> 1 ^ (0 - (z & 1)); }

/* A chunk is dealt out and collected as four parts side by side, each with cursors of its own into every
 * group: one part's next place does not wait for the other parts' last ones. */
#define PARTS 4

typedef struct { u8 table[256]; int count; size_t sizes[256], at[PARTS][256]; } Groups;

static size_t part(size_t n, int number) { return n / PARTS * number + (number == PARTS ? n % PARTS : 0); }

static inline void keys(const u8 *base, size_t n, int width, u8 *out) {
    size_t i;
    for (i = 0; i < n; i++) out[i] = (u8)(turned(get(base, i, width), width) >> (8 * width - 8));
}

static void groups(const u8 *key, size_t n, Groups *g) {
    u32 counts[PARTS][256];
    size_t held = 0, place = 0, inner[PARTS][256] = {{0}};
    int i, p;
    for (p = 0; p < PARTS; p++) histogram(key + part(n, p), part(n, p + 1) - part(n, p), counts[p]);
    g->count = 0;
    for (i = 0; i < 256; i++) {
        g->table[i] = (u8)g->count;
        for (p = 0; p < PARTS; p++) held += counts[p][i];
        if (held >= LEAST) { g->sizes[g->count++] = held; held = 0; }
    }
    if (held && g->count) g->sizes[g->count - 1] += held;
    else if (held) g->sizes[g->count++] = held;
    for (i = 0; i < 256; i++) {
        if (g->table[i] >= g->count) g->table[i] = (u8)(g->count ? g->count - 1 : 0);
        for (p = 0; p < PARTS; p++) inner[p][g->table[i]] += counts[p][i];
    }
    for (i = 0; i < g->count; i++)
        for (p = 0; p < PARTS; p++) { g->at[p][i] = place; place += inner[p][i]; }
}

static inline void change(const u8 *data, const u8 *base, size_t n, int width, u8 *out) {
    size_t i;
    for (i = 0; i < n; i++)
        set(out, i, width, zigzag(ordered(get(data, i, width), width) - ordered(get(base, i, width), width), width));
}

static inline void unchange(const u8 *base, size_t n, int width, u8 *out) { /* in place */
    size_t i;
    for (i = 0; i < n; i++)
        set(out, i, width,
            restored((ordered(get(base, i, width), width) + zigzag_back(get(out, i, width))) & whole(width), width));
}

/* Elements to the places of their groups, or back again; uses up the cursors of g. */
static inline void deal(const u8 *from, const u8 *key, size_t n, int width, Groups *g, int back, u8 *to) {
    size_t i, each = n / PARTS;
    int p;
    for (i = 0; i < each; i++)
        for (p = 0; p < PARTS; p++) {
            size_t here = p * each + i, there = g->at[p][g->table[key[here]]]++;
            if (back) set(to, here, width, get(from, there, width));
            else set(to, there, width, get(from, here, width));
        }
    for (i = PARTS * each; i < n; i++) {
        size_t there = g->at[PARTS - 1][g->table[key[i]]]++;
        if (back) set(to, i, width, get(from, there, width));
        else set(to, there, width, get(from, i, width));
    }
}

/* One way to code a group: its rows and their plans. Mode 0 has the planes only, others tuples first. */
typedef struct { int mode; size_t tuples, over; u8 *row, *planes; Plan plan[9]; u64 bytes; } Way;

static inline void fold(const u8 *coded, size_t n, int width, int mode, u8 *row, u8 *over, size_t *count) {
    const unsigned bits = 8 / mode, escape = (1u << bits) - 1;
    size_t i, more = 0, full = n / mode;
    for (i = 0; i < full; i++) {
        unsigned byte = 0;
        int j;
        for (j = 0; j < mode; j++) {
            u64 z = get(coded, i * mode + j, width);
            byte |= (unsigned)(z < escape ? z : escape) << (bits * j);
            set(over, more, width, z - escape);
            more += z >= escape;
        }
        row[i] = (u8)byte;
    }
    if (full * mode < n) {
        unsigned byte = 0;
        for (i = full * mode; i < n; i++) {
            u64 z = get(coded, i, width);
            byte |= (unsigned)(z < escape ? z : escape) << (bits * (i - full * mode));
            set(over, more, width, z - escape);
            more += z >= escape;
        }
        row[full] = (u8)byte;
    }
    *count = more;
}

static inline void try_way(const u8 *coded, size_t n, int width, int mode, u8 *over, Way *w) {
    int j;
    w->mode = mode;
    w->tuples = mode ? (n + mode - 1) / mode : 0;
    w->over = n;
    if (mode == 8) fold(coded, n, width, 8, w->row, over, &w->over);
    if (mode == 4) fold(coded, n, width, 4, w->row, over, &w->over);
    if (mode == 2) fold(coded, n, width, 2, w->row, over, &w->over);
    if (mode == 1) fold(coded, n, width, 1, w->row, over, &w->over);
    split(mode ? over : coded, w->over, width, 0, w->planes);
    plan(w->row, w->tuples, &w->plan[8]);
    w->bytes = w->plan[8].bytes;
    for (j = 0; j < width; j++) {
        plan(w->planes + j * w->over, w->over, &w->plan[j]);
        w->bytes += w->plan[j].bytes;
    }
}

static inline u8 *put_group(const u8 *coded, size_t n, int width, u8 *over, Way *best, Way *other, u8 *out) {
    static const int MODES[5] = {0, 8, 4, 2, 1};
    size_t i, zero = 0, few = 0, more = 0, many = 0;
    int j, tried = 0;
    for (i = 0; i < n; i++) {
        u64 z = get(coded, i, width);
        zero += z == 0; few += z < 3; more += z < 15; many += z >= 255;
    }
    const int worth[5] = {many * 16 >= n, zero * 8 >= n * 5, few * 2 >= n, more * 2 >= n, zero * 8 <= n * 7};
    for (j = 0; j < 5; j++) {
        if (!worth[j]) continue;
        try_way(coded, n, width, MODES[j], over, other);
        if (!tried++ || other->bytes < best->bytes) { Way *w = best; best = other; other = w; }
    }
    *out++ = (u8)best->mode;
    out = put_row(best->row, best->tuples, &best->plan[8], out);
    for (j = 0; j < width; j++) out = put_row(best->planes + j * best->over, best->over, &best->plan[j], out);
    return out;
}

static inline u8 *put_groups(const u8 *coded, const Groups *g, int width, u8 *over, Way *ways, u8 *out) {
    int i;
    for (i = 0; i < g->count; i++) {
        out = put_group(coded, g->sizes[i], width, over, ways, ways + 1, out);
        coded += g->sizes[i] * width;
    }
    return out;
}

/* Read one group's coded changes into out; room: n bytes for symbols, width * n for planes and as many for what overflowed, and slack. */
static inline int get_group(Frame *f, size_t n, int width, u8 *room, u8 *out) {
    const u8 *rows[8], *tuples;
    u8 *symbols = room, *planes = room + n + 64, *extra = planes + n * width + 16, spread[256][8];
    size_t i, count, over = 0;
    unsigned mode, bits, escape, b, j;
    if (f->at == f->end) return -1;
    mode = *f->at++;
    if (mode == 0) {
        for (j = 0; j < (unsigned)width; j++) if (!(rows[j] = get_row(f, n, planes + j * n))) return -1;
        join(rows, n, width, 0, out);
        return 0;
    }
    if (mode != 1 && mode != 2 && mode != 4 && mode != 8) return -1;
    bits = 8 / mode;
    escape = (1u << bits) - 1;
    count = (n + mode - 1) / mode;
    if (!(tuples = get_row(f, count, planes))) return -1;
    for (b = 0; b < 256; b++) for (j = 0; j < mode; j++) spread[b][j] = (u8)(b >> bits * j & escape);
    if (mode == 8) for (i = 0; i < count; i++) memcpy(symbols + 8 * i, spread[tuples[i]], 8);
    if (mode == 4) for (i = 0; i < count; i++) memcpy(symbols + 4 * i, spread[tuples[i]], 4);
    if (mode == 2) for (i = 0; i < count; i++) memcpy(symbols + 2 * i, spread[tuples[i]], 2);
    if (mode == 1) memcpy(symbols, tuples, count);
    for (i = 0; i < n; i++) over += symbols[i] == escape;
    for (j = 0; j < (unsigned)width; j++) if (!(rows[j] = get_row(f, over, planes + j * over))) return -1;
    join(rows, over, width, 0, extra);
    set(extra, over, width, 0);
    for (i = 0, count = 0; i < n; i++) { /* without a branch: nobody can guess which symbols escape */
        u64 more = symbols[i] == escape;
        set(out, i, width, symbols[i] + (get(extra, count, width) & (0 - more)));
        count += more;
    }
    return 0;
}

static inline int get_groups(Frame *f, const Groups *g, int width, u8 *room, u8 *out) {
    int i;
    for (i = 0; i < g->count; i++) {
        if (get_group(f, g->sizes[i], width, room, out)) return -1;
        out += g->sizes[i] * width;
    }
    return 0;
}

/* ---- called from kernel.py -------------------------------------------------------------------------
 * out is as long as the result can be, and 16 bytes more; room is scratch of tenure_room(n, width)
 * bytes: kernel.py keeps one for every thread, because fresh memory costs more than the work on it. */

static int known(int width) { return width == 1 || width == 2 || width == 4 || width == 8; }

int64_t tenure_room(size_t n, int width) {
    return (int64_t)(sizeof(Table) + 2 * sizeof(Way) + 4 * n * width + 4 * n + 1024);
}

static u8 *cut(u8 **room, size_t bytes) { /* the next piece of scratch, on a multiple of 64 */
    u8 *piece = *room;
    *room += (bytes + 127) & ~(size_t)63;
    return piece;
}

int64_t tenure_planes_encode(const u8 *data, size_t n, int width, int turn, u8 *room, u8 *out) {
    u8 *rows = cut(&room, n * width), *start = out;
    int j;
    if (!known(width)) return -1;
    if (width == 2) split2(data, n, turn, rows, rows + n);
    else BY_WIDTH(width, split(data, n, W, turn, rows));
    for (j = 0; j < width; j++) {
        Plan p;
        plan(rows + j * n, n, &p);
        out = put_row(rows + j * n, n, &p, out);
    }
    return out - start;
}

int64_t tenure_planes_decode(const u8 *frame, size_t length, size_t n, int width, int turn, u8 *room, u8 *out) {
    Table *table = (Table *)cut(&room, sizeof(Table));
    u8 *planes = cut(&room, n * width);
    Frame f = {frame, frame + length, table};
    const u8 *rows[8];
    int j;
    if (!known(width)) return -1;
    for (j = 0; j < width; j++) if (!(rows[j] = get_row(&f, n, planes + j * n))) return -1;
    if (f.at != f.end) return -1;
    if (width == 2) join2(rows[0], rows[1], n, turn, out);
    else BY_WIDTH(width, join(rows, n, W, turn, out));
    return (int64_t)(n * width);
}

int64_t tenure_delta_encode(const u8 *data, const u8 *base, size_t n, int width, u8 *room, u8 *out) {
    Way *ways = (Way *)cut(&room, 2 * sizeof(Way));
    u8 *coded = cut(&room, n * width), *over = cut(&room, n * width), *key = cut(&room, n), *start = out;
    Groups g;
    int i;
    if (!known(width)) return -1;
    for (i = 0; i < 2; i++) { ways[i].row = cut(&room, n); ways[i].planes = cut(&room, n * width); }
    BY_WIDTH(width, keys(base, n, W, key));
    groups(key, n, &g);
    BY_WIDTH(width, change(data, base, n, W, over));
    BY_WIDTH(width, deal(over, key, n, W, &g, 0, coded));
    BY_WIDTH(width, out = put_groups(coded, &g, W, over, ways, out));
    return out - start;
}

int64_t tenure_delta_decode(const u8 *frame, size_t length, const u8 *base, size_t n, int width, u8 *room, u8 *out) {
    Table *table = (Table *)cut(&room, sizeof(Table));
    u8 *coded = cut(&room, n * width), *key = cut(&room, n);
    Frame f = {frame, frame + length, table};
    Groups g;
    int bad = 0;
    if (!known(width)) return -1;
    BY_WIDTH(width, keys(base, n, W, key));
    groups(key, n, &g);
    BY_WIDTH(width, bad = get_groups(&f, &g, W, room, coded));
    if (bad || f.at != f.end) return -1;
    BY_WIDTH(width, deal(coded, key, n, W, &g, 1, out));
    BY_WIDTH(width, unchange(base, n, W, out));
    return (int64_t)(n * width);
}
