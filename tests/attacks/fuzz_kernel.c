/* Frames, whole and damaged, through the decoders of kernel.c, under the address and undefined-behaviour
 * sanitizers: every buffer is exactly as long as kernel.py makes it. Arguments: rounds, seed. */
#include KERNEL
#include <stdio.h>

#define SLACK (16 + 256 * 16)

static u64 state;

static u64 chance(u64 below) { /* xorshift */
    state ^= state << 13; state ^= state >> 7; state ^= state << 17;
    return state % below;
}

static u8 *sized(size_t n) { u8 *p = aligned_alloc(64, (n + 63) & ~(size_t)63); if (!p) exit(3); return p; }

static u8 *exact(const u8 *from, size_t n) { u8 *p = malloc(n ? n : 1); if (!p) exit(3); memcpy(p, from, n); return p; }

int main(int count, char **given) {
    long round, rounds = count > 1 ? atol(given[1]) : 1000, whole = 0, odd = 0;
    state = 88172645463325252ull + (count > 2 ? (u64)atol(given[2]) : 0);
    for (round = 0; round < rounds; round++) {
        const int widths[4] = {1, 2, 4, 8}, width = widths[chance(4)], turn = (int)chance(2), delta = (int)chance(2);
        const size_t n = chance(8) ? chance(9000) : 131072 + chance(300000) / width;
        const u64 spread = 1 + chance(255), rare = 1 + chance(200);
        u8 *data = malloc(n * width + 1), *base = malloc(n * width + 1), *room = sized((size_t)tenure_room(n, width));
        u8 *out = sized(n * width + SLACK), *back = sized(n * width + 16), *frame;
        size_t i, cuts;
        int64_t length, found;
        for (i = 0; i < n * width; i++) {
            base[i] = (u8)(chance(spread) * (chance(3) > 0));
            data[i] = (u8)(base[i] + (chance(rare) == 0 ? chance(spread) : 0));
        }
        length = delta ? tenure_delta_encode(data, base, n, width, room, out) : tenure_planes_encode(data, n, width, turn, room, out);
        if (length < 0 || (size_t)length > n * width + SLACK) return 1;
        frame = exact(out, (size_t)length);
        found = delta ? tenure_delta_decode(frame, (size_t)length, base, n, width, room, back)
                      : tenure_planes_decode(frame, (size_t)length, n, width, turn, room, back);
        if (found != (int64_t)(n * width) || memcmp(back, data, n * width)) return 2;
        for (cuts = 0; cuts < 8 && length; cuts++) {
            size_t size = chance(3) ? (size_t)length : chance((u64)length);
            u8 *hurt = exact(frame, size);
            u64 flips = 1 + chance(4);
            while (size && flips--) {
                size_t near = chance(2) ? size : size < 200 ? size : 200; /* heads are where the care is */
                hurt[chance(near)] = (u8)chance(256);
            }
            found = delta ? tenure_delta_decode(hurt, size, base, n, width, room, back)
                          : tenure_planes_decode(hurt, size, n, width, turn, room, back);
            if (found == -1) odd++; else whole++;
            free(hurt);
        }
        free(data); free(base); free(room); free(out); free(back); free(frame);
    }
    printf("%ld rounds, %ld damaged frames refused, %ld decoded to something\n", rounds, odd, whole);
    return 0;
}
