package cachesuite

import (
	"encoding/json"
	"fmt"
)

// Result is what the suite's client found in one case.
type Result struct {
	Passed  bool
	Error   string // name of the error, such as "Assertion" or "Setup"; empty: passed, or not known
	Message string
}

// Results are by the ID of the case. Cases that were not run have none.
type Results map[string]Result

// ParseResults reads the JSON that the suite's client prints and the suite's
// folder results holds: an object of IDs, each with true or an array of an
// error's name and message.
func ParseResults(data []byte) (Results, error) {
	var r Results
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("the suite's results: %w", err)
	}
	if len(r) == 0 {
		return nil, fmt.Errorf("the suite's results are empty")
	}
	return r, nil
}

// UnmarshalJSON takes whatever is neither true nor an array for a failure
// without a name.
func (r *Result) UnmarshalJSON(data []byte) error {
	*r = Result{}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	switch v := value.(type) {
	case bool:
		r.Passed = v
	case []any:
		if len(v) > 0 {
			r.Error, _ = v[0].(string)
		}
		if len(v) > 1 {
			r.Message, _ = v[1].(string)
		}
	}
	return nil
}
