// SPDX-License-Identifier: Apache-2.0

// Makes one program of those that a page prints, each in the scope of the ones before it:
//
//	extract PAGE.md arrow|follow|rest
//
// After each statement that tells an error stands check(err), which the page leaves out.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"sort"
	"strings"
)

var paths = map[string]string{
	"arrow":      "github.com/apache/arrow-go/v18/arrow",
	"arrowbatch": "libincload.dev/go/incload/arrowbatch",
	"context":    "context",
	"errors":     "errors",
	"fmt":        "fmt",
	"incload":    "libincload.dev/go/incload",
}

func kindOf(block string) string {
	switch {
	case strings.Contains(block, "arrowbatch."):
		return "arrow"
	case strings.Contains(block, "incload.Follow("):
		return "follow"
	}
	return "rest"
}

// assigned is what stands behind a statement: its error is looked at, and its names count as used.
func assigned(statement ast.Stmt) []ast.Stmt {
	assignment, is := statement.(*ast.AssignStmt)
	if !is {
		return nil
	}
	var behind []ast.Stmt
	for _, side := range assignment.Lhs {
		name, is := side.(*ast.Ident)
		if !is {
			continue
		}
		behind = append(behind, &ast.AssignStmt{Lhs: []ast.Expr{ast.NewIdent("_")}, Tok: token.ASSIGN,
			Rhs: []ast.Expr{ast.NewIdent(name.Name)}})
		if name.Name == "err" {
			behind = append(behind, &ast.ExprStmt{X: &ast.CallExpr{Fun: ast.NewIdent("check"),
				Args: []ast.Expr{ast.NewIdent("err")}}})
		}
	}
	return behind
}

// completed is a block as it compiles; what packages it names is noted.
func completed(block string, named map[string]bool) (string, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "page", "package page\nfunc block() {\n"+block+"\n}\n", 0)
	if err != nil {
		return "", err
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SelectorExpr:
			if name, is := node.X.(*ast.Ident); is && paths[name.Name] != "" {
				named[name.Name] = true
			}
		case *ast.BlockStmt:
			var list []ast.Stmt
			for _, statement := range node.List {
				list = append(append(list, statement), assigned(statement)...)
			}
			node.List = list
		}
		return true
	})
	var text bytes.Buffer
	err = format.Node(&text, files, file.Decls[0].(*ast.FuncDecl).Body.List)
	return text.String(), err
}

func program(page, kind string) (string, error) {
	var body strings.Builder
	named, count := map[string]bool{}, 0
	for _, found := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(page, -1) {
		if kindOf(found[1]) != kind {
			continue
		}
		text, err := completed(found[1], named)
		if err != nil {
			return "", fmt.Errorf("%w in\n%s", err, found[1])
		}
		body.WriteString("{\n" + text + "\n")
		count++
	}
	if count == 0 {
		return "", fmt.Errorf("the page prints no program of the kind %q", kind)
	}
	var imports []string
	for name := range named {
		imports = append(imports, fmt.Sprintf("%q\n", paths[name]))
	}
	sort.Strings(imports)
	return "package main\n\nimport (\n" + strings.Join(imports, "") + ")\n\nfunc init() {\n" +
		"programs[\"" + kind + "\"] = func() {\n" + body.String() + strings.Repeat("}\n", count) + "}\n}\n", nil
}

func main() {
	page, err := os.ReadFile(os.Args[1])
	text := ""
	if err == nil {
		text, err = program(string(page), os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(text)
}
