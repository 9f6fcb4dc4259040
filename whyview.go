package main

import (
	"fmt"
	"strings"
	"time"

	"sluice/server"
)

// failureTable lists failed Exchanges, one a row.
func failureTable(all []server.FailureStatus, now time.Time) table {
	t := table{titles: []string{"AGO", "!ID", ">STATUS", "REQUEST", "CAUSE"}}
	for _, f := range all {
		t.row(text(age(f.Time, now)), text(f.ID), statusOf(f),
			text(f.Method+" "+f.Host+readable(f.Path)), text(causeOf(f)))
	}
	return t
}

// statusOf is what the client got, a dash if that was nothing.
func statusOf(f server.FailureStatus) part {
	if f.Status == 0 {
		return text("-")
	}
	return part{fmt.Sprint(f.Status), badIf(f.Status >= 500)}
}

// causeOf says in a few words what was the matter.
func causeOf(f server.FailureStatus) string {
	words := strings.TrimSpace(f.Who + " " + f.Phase)
	if f.Cause != "" {
		if words != "" {
			words += ": "
		}
		words += f.Cause
	}
	if words == "" && len(f.Tries) > 0 && f.Degraded == "" {
		return "the application answered so"
	}
	if f.Degraded != "" {
		words = strings.TrimPrefix(words+"; answered by "+f.Degraded, "; ")
	}
	return words
}

// storySheet tells the story of a failed Exchange.
func storySheet(f server.FailureStatus, now time.Time, width int) *sheet {
	s := &sheet{width: width}
	status := statusOf(f)
	status.text += " "
	s.paragraph(status, f.Method+" "+f.Host+readable(f.Path))
	s.line(part{fmt.Sprintf("%s (%s ago), took %s%s", f.Time.UTC().Format("2006-01-02 15:04:05 UTC"), age(f.Time, now),
		milliseconds(f.Total), queued(f)), faint})
	s.paragraph(part{}, facts(f))
	s.gap()
	if len(f.Sentences) == 0 {
		s.paragraph(part{}, readable(causeOf(f)+" "+f.Detail))
	}
	for _, sentence := range f.Sentences {
		s.paragraph(part{}, readable(sentence))
	}
	s.gap()
	s.table(attempts(f.Tries), len(f.Tries))
	s.gap()
	if f.Remedy != "" {
		s.paragraph(part{"do: ", title}, f.Remedy)
	}
	return s
}

func queued(f server.FailureStatus) string {
	if f.Queue <= 0 {
		return ""
	}
	return ", of which " + milliseconds(f.Queue) + " in the queue"
}

// facts says who asked, and what was to answer.
func facts(f server.FailureStatus) string {
	all := []string{"client " + f.Client}
	for _, fact := range []struct{ name, value string }{
		{"Site", f.Site}, {"Pool", f.Pool}, {"cache", f.Cache}, {"degraded answer", f.Degraded}, {"ID", f.ID},
	} {
		if fact.value != "" {
			all = append(all, fact.name+" "+fact.value)
		}
	}
	return strings.Join(all, ", ")
}

// attempts is the table of the Attempts.
func attempts(all []server.TryStatus) table {
	t := table{titles: []string{"ATTEMPT", "UPSTREAM", ">TOOK", "CONNECTION", "WHAT CAME OF IT"}}
	for i, try := range all {
		connection := "" // a new one, or none; or one that several share, as HTTP/2 has them
		if try.Reused {
			connection = "reused"
		}
		t.row(text(fmt.Sprint(i+1)), text(try.Upstream), text(milliseconds(try.Took)), text(connection), cameOf(try))
	}
	return t
}

// cameOf says where and how an Attempt failed, if it did.
func cameOf(try server.TryStatus) part {
	var words []string
	if try.Status != 0 {
		words = append(words, fmt.Sprintf("status %d", try.Status))
	}
	for _, word := range []string{try.Phase, try.Cause, try.Detail} {
		if word != "" {
			words = append(words, word)
		}
	}
	if len(words) == 0 {
		return part{"answered", good}
	}
	return part{readable(strings.Join(words, ": ")), bad}
}
