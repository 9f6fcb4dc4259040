package config

import (
	"fmt"
	"strings"
)

// didYouMean returns `did you mean "x"?` for the known word nearest to word,
// or "" if none is near.
func didYouMean(word string, known []string) string {
	near := nearest(word, known)
	if near == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", near)
}

// nearest returns the known word with the smallest edit distance to word, the
// first one of equals. Beyond a third of the word's length (but at least two
// edits, and always less than all of it) it would be a guess, not a help: then
// it returns "".
func nearest(word string, known []string) string {
	const longest = 64 // no key or Pool name of a sane file is longer
	if len(word) > longest {
		return ""
	}
	best, bestDistance := "", min(max(2, len(word)/3), len(word)-1)+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k)); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// editDistance returns how many insertions, deletions, substitutions and swaps
// of neighbours make b of a (optimal string alignment).
func editDistance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 0
			if a[i-1] != b[j-1] {
				change = 1
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
