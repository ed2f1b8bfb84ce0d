package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// mutant is one change of the source. All of them are in one program; a number in the
// environment says which one is at work, if any.
type mutant struct {
	key
	number int
	line   int
	piece  string // of the source, that is changed
}

// key names a mutant whatever lines are put before it.
type key struct {
	file, function string
	kind           string // and which one it is, where a line has several of a kind
	text           string // of the line
}

// edit is a text that is put into the source, in the place of skip bytes.
type edit struct {
	at, skip int
	closes   bool
	order    int // of the node, parents first
	mutant   int // 0: of none, needed by others
	text     string
}

// source is a file whose mutants are looked for.
type source struct {
	name    string
	text    []byte
	file    *token.File
	info    *types.Info
	pkg     *types.Package
	from    int // the number of the first mutant
	mutants []*mutant
	edits   []edit
	order   int

	function string
	seen     map[key]int
	whole    map[ast.Expr]bool // conditions that are replaced as a whole
	posts    map[ast.Stmt]bool // statements that cannot stand in a block
}

func (s *source) offset(p token.Pos) int { return s.file.Offset(p) }

func (s *source) piece(n ast.Node) string { return string(s.text[s.offset(n.Pos()):s.offset(n.End())]) }

// add numbers a mutant.
func (s *source) add(kind string, n ast.Node) int {
	line := s.file.Line(n.Pos())
	start := s.offset(s.file.LineStart(line))
	text, _, _ := strings.Cut(string(s.text[start:]), "\n")
	k := key{s.name, s.function, kind, strings.Join(strings.Fields(text), " ")}
	s.seen[k]++
	if i := s.seen[k]; i > 1 {
		k.kind = fmt.Sprintf("%s %d", kind, i)
	}
	m := &mutant{key: k, number: s.from + len(s.mutants), line: line,
		piece: strings.Join(strings.Fields(s.piece(n)), " ")}
	s.mutants = append(s.mutants, m)
	return m.number
}

// wrap puts texts around a node.
func (s *source) wrap(number int, n ast.Node, before, after string) {
	s.edits = append(s.edits,
		edit{at: s.offset(n.Pos()), order: s.order, mutant: number, text: before},
		edit{at: s.offset(n.End()), order: s.order, mutant: number, text: after, closes: true})
}

// find looks for the mutants of a file:
//
//	empty      a function does nothing
//	drop       a statement is left out
//	never      a condition does not hold
//	always     a condition holds
//	negate     a comparison is the other way round
//	boundary   a comparison takes in its boundary, or does not
//	operand    one side of && or || is not looked at
//	operator   another operator stands in a calculation
//	flip       a function returns the other truth
//	no error   a function returns no error
func (s *source) find(file *ast.File) {
	s.seen, s.whole, s.posts = make(map[key]int), make(map[ast.Expr]bool), make(map[ast.Stmt]bool)
	for _, d := range file.Decls {
		s.function = "-"
		if f, ok := d.(*ast.FuncDecl); ok {
			s.function = f.Name.Name
			if f.Recv != nil {
				s.function = strings.TrimPrefix(s.piece(f.Recv.List[0].Type), "*") + "." + f.Name.Name
			}
			if f.Body != nil && f.Type.Results == nil && len(f.Body.List) > 1 {
				n := s.add("empty", f.Name)
				s.edits = append(s.edits, edit{at: s.offset(f.Body.Lbrace) + 1, mutant: n,
					text: fmt.Sprintf(" if mutantOn(%d) { return };", n)})
			}
		}
		ast.Inspect(d, func(n ast.Node) bool {
			s.order++
			return s.visit(n)
		})
	}
}

func (s *source) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GenDecl:
		return n.Tok == token.VAR
	case *ast.BlockStmt:
		s.drops(n.List)
	case *ast.CaseClause:
		s.drops(n.Body)
	case *ast.CommClause:
		s.drops(n.Body)
	case *ast.IfStmt:
		s.whole[n.Cond] = true
		always, never := s.add("always", n.Cond), s.add("never", n.Cond)
		s.wrap(always, n.Cond, fmt.Sprintf("mutantOn(%d) || (", always), ")")
		s.order++
		s.wrap(never, n.Cond, fmt.Sprintf("!mutantOn(%d) && (", never), ")")
	case *ast.ForStmt:
		if n.Cond != nil {
			s.whole[n.Cond] = true // the other way round it hardly ends
			never := s.add("never", n.Cond)
			s.wrap(never, n.Cond, fmt.Sprintf("!mutantOn(%d) && (", never), ")")
		}
	case *ast.ReturnStmt:
		for _, r := range n.Results {
			s.returned(r)
		}
	case *ast.BinaryExpr:
		return s.binary(n)
	case ast.Expr:
		return s.info.Types[n].Value == nil // a constant stays one
	}
	return true
}

func (s *source) drops(list []ast.Stmt) {
	for _, stmt := range list {
		switch stmt := stmt.(type) {
		case *ast.AssignStmt:
			if stmt.Tok == token.DEFINE {
				continue
			}
			if id, ok := stmt.Lhs[0].(*ast.Ident); ok && id.Name == "_" {
				continue
			}
		case *ast.ReturnStmt:
			if len(stmt.Results) > 0 {
				continue
			}
		case *ast.BranchStmt:
			if stmt.Label != nil || stmt.Tok == token.FALLTHROUGH || stmt.Tok == token.GOTO {
				continue
			}
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.SendStmt, *ast.GoStmt, *ast.DeferStmt, *ast.RangeStmt:
		default:
			continue
		}
		s.order++
		n := s.add("drop", stmt)
		s.wrap(n, stmt, fmt.Sprintf("if !mutantOn(%d) { ", n), " }")
	}
}

func (s *source) returned(r ast.Expr) {
	t := s.info.Types[r]
	if id, ok := r.(*ast.Ident); ok && (id.Name == "true" || id.Name == "false") && t.Value != nil {
		n := s.add("flip", r)
		s.wrap(n, r, fmt.Sprintf("mutantOn(%d) != ", n), "")
		return
	}
	if t.Type != nil && !t.IsNil() && types.Identical(t.Type, types.Universe.Lookup("error").Type()) {
		n := s.add("no error", r)
		s.wrap(n, r, fmt.Sprintf("mutantNoError(%d, ", n), ")")
	}
}

var operators = map[token.Token]string{
	token.ADD: "Add", token.SUB: "Sub", token.MUL: "Mul", token.QUO: "Quo", token.REM: "Rem",
	token.AND: "And", token.OR: "Or", token.XOR: "Xor", token.AND_NOT: "AndNot", token.SHL: "Shl", token.SHR: "Shr",
}

func (s *source) binary(n *ast.BinaryExpr) bool {
	t := s.info.Types[n]
	if t.Value != nil {
		return false
	}
	switch n.Op {
	case token.LAND, token.LOR:
		for _, side := range []ast.Expr{n.X, n.Y} {
			m := s.add("operand", side)
			s.order++
			if n.Op == token.LAND {
				s.wrap(m, side, fmt.Sprintf("(mutantOn(%d) || ", m), ")")
			} else {
				s.wrap(m, side, fmt.Sprintf("(!mutantOn(%d) && (", m), "))")
			}
		}
		return true
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		if !s.whole[n] {
			m := s.add("negate", n)
			s.wrap(m, n, fmt.Sprintf("(mutantOn(%d) != (", m), "))")
			s.order++
		}
		x, y := s.piece(n.X), s.piece(n.Y)
		if n.Op == token.EQL || n.Op == token.NEQ || strings.Contains(x+y, "\n") {
			return true
		}
		m := s.add("boundary", n)
		if n.Op == token.LSS || n.Op == token.GTR {
			s.wrap(m, n, "(", fmt.Sprintf(" || mutantOn(%d) && (%s) == (%s))", m, x, y))
		} else {
			s.wrap(m, n, "(", fmt.Sprintf(" && !(mutantOn(%d) && (%s) == (%s)))", m, x, y))
		}
		return true
	}
	basic, ok := t.Type.Underlying().(*types.Basic)
	if !ok || basic.Info()&types.IsUntyped != 0 || basic.Info()&(types.IsInteger|types.IsFloat) == 0 {
		return true
	}
	m := s.add("operator", n)
	name := types.TypeString(t.Type, func(p *types.Package) string {
		if p == s.pkg {
			return ""
		}
		return p.Name()
	})
	s.wrap(m, n, fmt.Sprintf("mutant%s[%s](%d, ", operators[n.Op], name, m), ")")
	s.edits = append(s.edits, edit{at: s.offset(n.OpPos), skip: len(n.Op.String()), mutant: m, text: ","})
	return true
}

// mutated is the source with all of its mutants in it but those that are left out.
func (s *source) mutated(without map[int]bool) []byte {
	edits := slices.DeleteFunc(slices.Clone(s.edits), func(e edit) bool { return without[e.mutant] })
	slices.SortStableFunc(edits, func(a, b edit) int {
		if a.at != b.at {
			return a.at - b.at
		}
		switch {
		case a.closes && b.closes:
			return cmp.Compare(b.order, a.order)
		case a.closes != b.closes:
			if a.closes {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.order, b.order)
	})
	var out []byte
	done := 0
	for _, e := range edits {
		out = append(append(out, s.text[done:e.at]...), e.text...)
		done = e.at + e.skip
	}
	return append(out, s.text[done:]...)
}

// switchboard is a file for the mutated package: what the mutants call.
const switchboard = `
import (
	"os"
	"strconv"
	"sync/atomic"
)

var (
	mutantActive, _ = strconv.Atoi(os.Getenv("MUTANT"))
	mutantsReached  = os.Getenv("MUTANTS_REACHED")
	mutantSeen      [%d]atomic.Bool
)

func mutantOn(n int) bool { return n == mutantActive || mutantsReached != "" && mutantReached(n) }

func mutantReached(n int) bool {
	if mutantSeen[n].Swap(true) {
		return false
	}
	f, err := os.OpenFile(mutantsReached, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	f.WriteString(strconv.Itoa(n) + "\n")
	f.Close()
	return false
}

func mutantNoError(n int, err error) error { if mutantOn(n) { return nil }; return err }

type mutantInt interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}
type mutantNumber interface { mutantInt | ~float32 | ~float64 }

func mutantAdd[T mutantNumber](n int, a, b T) T { if mutantOn(n) { return a - b }; return a + b }
func mutantSub[T mutantNumber](n int, a, b T) T { if mutantOn(n) { return a + b }; return a - b }
func mutantMul[T mutantNumber](n int, a, b T) T { if mutantOn(n) { return a / b }; return a * b }
func mutantQuo[T mutantNumber](n int, a, b T) T { if mutantOn(n) { return a * b }; return a / b }
func mutantRem[T mutantInt](n int, a, b T) T { if mutantOn(n) { return a * b }; return a %% b }
func mutantAnd[T mutantInt](n int, a, b T) T { if mutantOn(n) { return a | b }; return a & b }
func mutantOr[T mutantInt](n int, a, b T) T { if mutantOn(n) { return a & b }; return a | b }
func mutantXor[T mutantInt](n int, a, b T) T { if mutantOn(n) { return a & b }; return a ^ b }
func mutantAndNot[T mutantInt](n int, a, b T) T { if mutantOn(n) { return a & b }; return a &^ b }
func mutantShl[T, S mutantInt](n int, a T, b S) T { if mutantOn(n) { return a >> b }; return a << b }
func mutantShr[T, S mutantInt](n int, a T, b S) T { if mutantOn(n) { return a << b }; return a >> b }
`
