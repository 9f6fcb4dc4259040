package cachesuite

import (
	"encoding/json"
	"fmt"
)

// Kind is what it means not to pass a case.
type Kind string

const (
	Required Kind = "required" // RFC 9111 is broken; a case without a kind is of this one
	Optimal  Kind = "optimal"  // the cache could have done better
	Check    Kind = "check"    // nothing: only what caches do is asked, yes or no
)

// Case is one test of the suite.
type Case struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Kind        Kind     `json:"kind"`
	DependsOn   []string `json:"depends_on"`   // cases that say nothing unless these have passed
	BrowserOnly bool     `json:"browser_only"` // the client on the command line leaves it out
}

// Group is some cases about one thing.
type Group struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Cases []Case `json:"tests"`
}

// Record is a result that the suite publishes.
type Record struct {
	File    string `json:"file"` // in the suite's folder results
	Name    string `json:"name"`
	Type    string `json:"type"` // "rev-proxy", "cdn" or "browser"
	Version string `json:"version"`
}

// Catalogue is what the suite holds. It is fixed after it is read.
type Catalogue struct {
	Groups  []Group  `json:"groups"`
	Records []Record `json:"records"`

	byID map[string]Case
}

// ParseCatalogue reads a suite's groups and records as JSON, and refuses a suite
// whose rules are not those that Judge knows: with a kind that it does not know,
// an ID twice, or a case that depends on none there is.
func ParseCatalogue(data []byte) (*Catalogue, error) {
	c := &Catalogue{byID: map[string]Case{}}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("the suite's cases: %w", err)
	}
	for _, g := range c.Groups {
		for i := range g.Cases {
			if err := c.add(&g.Cases[i]); err != nil {
				return nil, err
			}
		}
	}
	for id, entered := range c.byID {
		for _, other := range entered.DependsOn {
			if !c.Has(other) {
				return nil, fmt.Errorf("the suite's case %q depends on %q, which there is not", id, other)
			}
		}
	}
	if len(c.byID) == 0 {
		return nil, fmt.Errorf("the suite has no cases")
	}
	return c, nil
}

// add gives a case its kind and enters it.
func (c *Catalogue) add(added *Case) error {
	switch added.Kind {
	case "":
		added.Kind = Required
	case Required, Optimal, Check:
	default:
		return fmt.Errorf("the suite's case %q is of an unknown kind %q", added.ID, added.Kind)
	}
	if added.ID == "" || c.Has(added.ID) {
		return fmt.Errorf("the suite has two cases %q, or one without an ID", added.ID)
	}
	c.byID[added.ID] = *added
	return nil
}

// Has reports whether there is a case with this ID.
func (c *Catalogue) Has(id string) bool {
	_, entered := c.byID[id]
	return entered
}
