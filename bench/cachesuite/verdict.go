package cachesuite

// Verdict is what a result means by the suite's rules (its README, "Interpreting
// results").
type Verdict int

const (
	Untested         Verdict = iota // the case was not run
	Passed                          // of a required or optimal case
	Failed                          // a required case: "likely indicates a specification conformance problem"
	Suboptimal                      // an optimal case: "not a conformance problem"
	Yes                             // of a check
	No                              // of a check
	SetupFailed                     // "something interfered with the harness's communication"
	HarnessFailed                   // "the test harness failed", or there was no answer in time
	Retried                         // "the cache retried a request"
	DependencyFailed                // "another test that this test depends on has failed"
)

// String is the verdict in a few words.
func (v Verdict) String() string {
	switch v {
	case Untested:
		return "untested"
	case Passed:
		return "passed"
	case Failed:
		return "failed"
	case Suboptimal:
		return "not optimal"
	case Yes:
		return "yes"
	case No:
		return "no"
	case SetupFailed:
		return "setup failed"
	case HarnessFailed:
		return "harness failed"
	case Retried:
		return "request was retried"
	case DependencyFailed:
		return "a test that it depends on did not pass"
	}
	return "unknown"
}

// Verdicts are by the ID of the case; all cases of the Catalogue have one.
type Verdicts map[string]Verdict

// Judge applies the suite's rules. Results of cases that the Catalogue does not
// hold are ignored.
func (c *Catalogue) Judge(results Results) Verdicts {
	j := judge{c, results, make(Verdicts, len(c.byID))}
	for id := range c.byID {
		j.verdict(id)
	}
	return j.verdicts
}

// judge is one judging under way.
type judge struct {
	*Catalogue
	results  Results
	verdicts Verdicts // so far
}

// verdict decides a case and, before it, those that it depends on. One that
// depends on itself finds DependencyFailed: the suite's own code would not end.
func (j judge) verdict(id string) Verdict {
	if v, decided := j.verdicts[id]; decided {
		return v
	}
	j.verdicts[id] = DependencyFailed
	v := j.decide(j.byID[id])
	j.verdicts[id] = v
	return v
}

// decide is the suite's rule, in its order: a case that was not run comes first,
// then what it depends on, then what went wrong with the test itself.
func (j judge) decide(c Case) Verdict {
	result, run := j.results[c.ID]
	if !run {
		return Untested
	}
	for _, id := range c.DependsOn {
		if v := j.verdict(id); v != Passed && v != Yes {
			return DependencyFailed
		}
	}
	switch {
	case result.Passed && c.Kind == Check:
		return Yes
	case result.Passed:
		return Passed
	case result.Error == "Setup" && result.Message == "retry":
		return Retried
	case result.Error == "Setup":
		return SetupFailed
	case result.Error == "" || result.Error == "AbortError":
		return HarnessFailed
	case c.Kind == Check:
		return No
	case c.Kind == Optimal:
		return Suboptimal
	}
	return Failed
}
