// Check what Tenure wrote with golang.org/x/mod/sumdb (the code behind the Go checksum database), and
// write what Tenure must be able to check. No line of it is shared with Tenure.
//
//	interop check FOLDER LOG-VKEY WITNESS-VKEY PROOF ENTRY REQUEST
//	interop write SIZE OLD
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// witness is a note.Verifier of C2SP cosignature/v1, which x/mod itself does not know.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(w.key, []byte(signed), sig[8:])
}

func newWitness(vkey string) witness {
	parts := strings.SplitN(vkey, "+", 3)
	key := must(base64.StdEncoding.DecodeString(parts[2]))
	hash := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if key[0] != 4 || fmt.Sprintf("%08x", binary.BigEndian.Uint32(hash[:])) != parts[1] {
		log.Fatal("not the vkey of a witness")
	}
	return witness{parts[0], binary.BigEndian.Uint32(hash[:]), key[1:]}
}

type tree struct {
	size int64
	root tlog.Hash
}

func open(msg []byte, log_ note.Verifier, w witness) tree {
	opened := must(note.Open(msg, note.VerifierList(log_, w)))
	if len(opened.Sigs) != 2 || len(opened.UnverifiedSigs) != 0 {
		log.Fatalf("expected the log's signature and the witness's, got %v", opened.Sigs)
	}
	return parseTree(opened.Text)
}

func parseTree(text string) tree {
	lines := strings.Split(text, "\n")
	return tree{must(strconv.ParseInt(lines[1], 10, 64)), must(tlog.ParseHash(lines[2]))}
}

// tiles reads C2SP tiles: as x/mod's, without the height in the path.
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func entries(folder string, size int64) [][]byte {
	var found [][]byte
	for n := int64(0); n*256 < size; n++ {
		width := size - n*256
		if width > 256 {
			width = 256
		}
		path := tlog.Tile{H: 8, L: -1, N: n, W: int(width)}.Path()
		path = strings.Replace(path, "tile/8/data/", "tile/entries/", 1)
		data := must(os.ReadFile(filepath.Join(folder, path)))
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			found = append(found, data[2:2+length])
			data = data[2+length:]
		}
	}
	return found
}

func hashes(lines []string) []tlog.Hash {
	var found []tlog.Hash
	for _, line := range lines {
		found = append(found, must(tlog.ParseHash(line)))
	}
	return found
}

func check(folder, logKey, witnessKey, proofFile, entryFile, requestFile string) {
	verifier, w := must(note.NewVerifier(logKey)), newWitness(witnessKey)
	head := open(must(os.ReadFile(filepath.Join(folder, "checkpoint"))), verifier, w)
	reader := tlog.TileHashReader(tlog.Tree{N: head.size, Hash: head.root}, tiles{folder})
	found := entries(folder, head.size)
	if int64(len(found)) != head.size {
		log.Fatalf("%d entries, signed were %d", len(found), head.size)
	}
	for index, entry := range found {
		stored := must(reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))}))
		if stored[0] != tlog.RecordHash(entry) {
			log.Fatalf("entry %d is not in its tile", index)
		}
	}

	top, msg, _ := strings.Cut(string(must(os.ReadFile(proofFile))), "\n\n")
	lines := strings.Split(top, "\n")
	index := must(strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64))
	at := open([]byte(msg), verifier, w)
	leaf := tlog.RecordHash(must(os.ReadFile(entryFile)))
	if err := tlog.CheckRecord(hashes(lines[2:]), at.size, at.root, index, leaf); err != nil {
		log.Fatal(err)
	}

	top, msg, _ = strings.Cut(string(must(os.ReadFile(requestFile))), "\n\n")
	lines = strings.Split(top, "\n")
	old := must(strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64))
	text, _, _ := strings.Cut(msg, "\n\n")
	now := parseTree(text + "\n")
	before := must(tlog.TreeHash(old, reader))
	if err := tlog.CheckTree(hashes(lines[1:]), now.size, now.root, old, before); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d entries, proof of %d, consistent from %d\n", head.size, index, old)
}

// write prints a vkey, and two add-checkpoint requests: up to OLD, and from there to SIZE.
func write(size, old int64) {
	skey, vkey, err := note.GenerateKey(rand.Reader, "go.example/log")
	if err != nil {
		log.Fatal(err)
	}
	signer := must(note.NewSigner(skey))
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	checkpoint := func(n int64) string {
		text := fmt.Sprintf("go.example/log\n%d\n%s\n", n, must(tlog.TreeHash(n, reader)))
		return string(must(note.Sign(&note.Note{Text: text}, signer)))
	}
	for n := int64(0); n < size; n++ {
		entry := []byte(fmt.Sprintf("entry %d", n))
		stored = append(stored, must(tlog.StoredHashes(n, entry, reader))...)
	}
	fmt.Printf("%s\x00old 0\n\n%s\x00old %d\n", vkey, checkpoint(old), old)
	for _, hash := range must(tlog.ProveTree(size, old, reader)) {
		fmt.Println(hash)
	}
	fmt.Printf("\n%s", checkpoint(size))
}

func main() {
	log.SetFlags(0)
	if os.Args[1] == "check" {
		check(os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6], os.Args[7])
		return
	}
	write(must(strconv.ParseInt(os.Args[2], 10, 64)), must(strconv.ParseInt(os.Args[3], 10, 64)))
}
