package server

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// hole is where a value stands in a wording.
const hole = "{}"

var (
	verb        = regexp.MustCompile(`%[#+]?[a-zA-Z]`)
	givesRemedy = regexp.MustCompile(`(?i)remedy$|Permit$`) // names of functions
)

// wordings are the texts that a package says, as its source has them: with a hole for
// each value. Each is told where it was found, as file and line.
type wordings map[string]string

// source reads the Go files of a folder of this module, but for tests and those that
// are left out.
func source(t *testing.T, folder string, without ...string) (*token.FileSet, []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no files, %v", folder, err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || slices.Contains(without, filepath.Base(path)) {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return set, files
}

// wording is what an expression says; a text that is not known here is a hole.
func wording(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return wording(e.X)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return wording(e.X) + wording(e.Y)
		}
	case *ast.CallExpr:
		if name := called(e); (name == "Sprintf" || name == "Errorf" || name == "New") && len(e.Args) > 0 {
			return verb.ReplaceAllString(wording(e.Args[0]), hole)
		}
	}
	return hole
}

// called is the name of the function that is called.
func called(e *ast.CallExpr) string {
	switch f := e.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// add notes what an expression says, if that is more than a value.
func (w wordings) add(set *token.FileSet, e ast.Expr) {
	text := wording(e)
	if strings.Trim(text, "{}: ;") != "" {
		at := set.Position(e.Pos())
		w[text] = filepath.Base(at.Filename) + ":" + strconv.Itoa(at.Line)
	}
}

// errorsOf are all errors that files make, and the Warnings: lists of texts.
func errorsOf(set *token.FileSet, files []*ast.File) wordings {
	w := wordings{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				switch name := called(n); {
				case (name == "Errorf" || name == "New") && isText(n):
					w.add(set, n)
				case name == "fault" && len(n.Args) == 3: // of a file of a certificate
					w.add(set, n.Args[1])
				case name == "append" && len(n.Args) == 2 && isWarnings(n.Args[0]):
					w.add(set, n.Args[1])
				}
			case *ast.ReturnStmt:
				for _, result := range n.Results {
					if list, ok := result.(*ast.CompositeLit); ok && isTexts(list.Type) {
						for _, e := range list.Elts {
							w.add(set, e)
						}
					}
				}
			}
			return true
		})
	}
	return w
}

// isText reports whether a call makes an error of a text.
func isText(n *ast.CallExpr) bool {
	f, ok := n.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	of, ok := f.X.(*ast.Ident)
	return ok && (of.Name == "errors" || of.Name == "fmt")
}

func isWarnings(e ast.Expr) bool {
	f, ok := e.(*ast.SelectorExpr)
	return ok && f.Sel.Name == "Warnings"
}

func isTexts(e ast.Expr) bool {
	list, ok := e.(*ast.ArrayType)
	if !ok {
		return false
	}
	of, ok := list.Elt.(*ast.Ident)
	return ok && of.Name == "string"
}

// remediesOf are what files say that a person can do: values of fields and
// variables of that name, results of functions of it, and the last argument of those
// who make such errors.
func remediesOf(set *token.FileSet, files []*ast.File) wordings {
	w := wordings{}
	isRemedy := func(e ast.Expr) bool {
		switch e := e.(type) {
		case *ast.Ident:
			return strings.EqualFold(e.Name, "remedy")
		case *ast.SelectorExpr:
			return strings.EqualFold(e.Sel.Name, "remedy")
		}
		return false
	}
	for _, file := range files {
		for _, d := range file.Decls {
			f, isFunc := d.(*ast.FuncDecl)
			advises := isFunc && givesRemedy.MatchString(f.Name.Name)
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.KeyValueExpr:
					if isRemedy(n.Key) {
						w.add(set, n.Value)
					}
				case *ast.AssignStmt:
					for i, left := range n.Lhs {
						if isRemedy(left) && len(n.Rhs) == len(n.Lhs) {
							w.add(set, n.Rhs[i])
						}
					}
				case *ast.ValueSpec: // constants that are meant for it
					for i, name := range n.Names {
						if i < len(n.Values) && slices.Contains([]string{"rewrite", "inner", "whoAnswers"}, name.Name) {
							w.add(set, n.Values[i])
						}
					}
				case *ast.ReturnStmt:
					if advises && len(n.Results) == 1 {
						w.add(set, n.Results[0])
					}
				case *ast.CallExpr:
					if name := called(n); (name == "fail" || name == "fault") && len(n.Args) == 3 {
						w.add(set, n.Args[2])
					}
				case *ast.CompositeLit:
					if of, ok := n.Type.(*ast.Ident); ok && (of.Name == "LoadError" || of.Name == "FinderError") && len(n.Elts) == 3 {
						w.add(set, n.Elts[2])
					}
				}
				return true
			})
		}
	}
	return w
}

// stepsOf are what files say that was being done.
func stepsOf(set *token.FileSet, files []*ast.File) wordings {
	w := wordings{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if name := called(n); (name == "say" || name == "fail" || name == "failDNS") && len(n.Args) > 0 {
					w.add(set, n.Args[0])
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Step" {
					w.add(set, n.Value)
				}
			case *ast.AssignStmt:
				if left, ok := n.Lhs[0].(*ast.SelectorExpr); ok && left.Sel.Name == "step" {
					w.add(set, n.Rhs[0])
				}
			}
			return true
		})
	}
	return w
}

// casesOf are the texts that a function tells apart.
func casesOf(set *token.FileSet, files []*ast.File, function string) wordings {
	w := wordings{}
	for _, file := range files {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); !ok || f.Name.Name != function {
				continue
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if c, ok := n.(*ast.CaseClause); ok {
					for _, e := range c.List {
						w.add(set, e)
					}
				}
				return true
			})
		}
	}
	return w
}

// constantsOf are the texts of the constants of a type.
func constantsOf(set *token.FileSet, files []*ast.File, kind string) wordings {
	w := wordings{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if c, ok := n.(*ast.ValueSpec); ok {
				if of, ok := c.Type.(*ast.Ident); ok && of.Name == kind && len(c.Values) == 1 {
					w.add(set, c.Values[0])
				}
			}
			return true
		})
	}
	return w
}

// literals are all texts of files.
func literals(set *token.FileSet, files []*ast.File) wordings {
	w := wordings{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok {
				if text := wording(e); text != hole {
					w[verb.ReplaceAllString(text, hole)] = set.Position(e.Pos()).String()
				}
			}
			return true
		})
	}
	return w
}
