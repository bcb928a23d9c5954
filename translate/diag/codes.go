// SPDX-License-Identifier: Apache-2.0

package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Code is the stable name of a kind of finding; its texts are in codes/. Codes are never used
// again. KC1xx are about reading, KC2xx about Kratix's rules, KC3xx about the plan, KC4xx about
// engines.
type Code string

// The codes, in numeric order.
const (
	Bug Code = "KC001"

	NotText             Code = "KC101"
	TooLarge            Code = "KC102"
	BadYAML             Code = "KC103"
	TooDeep             Code = "KC104"
	DuplicateKey        Code = "KC105"
	UnknownField        Code = "KC106"
	WrongType           Code = "KC107"
	UnknownPromiseField Code = "KC108"
	OtherKind           Code = "KC109"
	NothingToDo         Code = "KC110"
	RequestMismatch     Code = "KC111"
	BadConfig           Code = "KC112"
	UnknownConfigKey    Code = "KC113"
	BadRequest          Code = "KC114"
	UnknownRequestField Code = "KC115"
	NoPipelines         Code = "KC116"
	DuplicateRequest    Code = "KC117"
	OtherCase           Code = "KC118"
	LeftOut             Code = "KC119"
	ConfigKeyFate       Code = "KC120"

	NotAPipeline      Code = "KC201"
	BadName           Code = "KC202"
	DuplicatePipeline Code = "KC203"
	LongID            Code = "KC204"
	BadLabel          Code = "KC205"
	BadContainer      Code = "KC206"
	BadEnv            Code = "KC207"
	BadVolume         Code = "KC208"
	BadMount          Code = "KC209"
	BadResources      Code = "KC210"
	BadChoice         Code = "KC211"
	BadPermission     Code = "KC212"
	NoAPI             Code = "KC213"
	BadAPI            Code = "KC214"
	ExtraDelete       Code = "KC215"
	BadInterval       Code = "KC216"
	MetadataIgnored   Code = "KC217"
	BadNumber         Code = "KC218"
	DuplicatePromise  Code = "KC219"
	ClaimsUnsupported Code = "KC220"
	OtherAPIKind      Code = "KC221"
	PromiseRefused    Code = "KC222"
	BadJob            Code = "KC223"
	StoredNotServed   Code = "KC224"

	RestartInPlace Code = "KC301"
	LabelKept      Code = "KC302"
	SampleInvalid  Code = "KC303"
	TokenHidden    Code = "KC304"
	EnvOverridden  Code = "KC305"
	EnvUnmergeable Code = "KC306"
	InputTooLarge  Code = "KC307"
	SampleRequest  Code = "KC308"
	BadAnnotation  Code = "KC309"
	JobField       Code = "KC310"
	JobDeadline    Code = "KC311"
	JobSuspended   Code = "KC312"

	MountReserved     Code = "KC401"
	VolumeRenamed     Code = "KC402"
	ContainerRenamed  Code = "KC403"
	TextUnescapable   Code = "KC404"
	TextEscaped       Code = "KC405"
	EnvShadows        Code = "KC406"
	CommandMissing    Code = "KC407"
	ArgsOnly          Code = "KC408"
	RequestsZeroed    Code = "KC409"
	RequestsAdd       Code = "KC410"
	NoBackoff         Code = "KC411"
	WorkspaceHidden   Code = "KC412"
	ManySteps         Code = "KC413"
	TemplateTooLong   Code = "KC414"
	AnnotationDropped Code = "KC415"
	PullSecretsShared Code = "KC416"
	FieldUnsupported  Code = "KC417"
	EnvReserved       Code = "KC418"
	LabelReserved     Code = "KC419"
	LiteralSecret     Code = "KC420"
	NothingToRun      Code = "KC421"
	NotLocal          Code = "KC422"
	NoEffect          Code = "KC423"
	ClusterOnly       Code = "KC424"
	ObjectMissing     Code = "KC425"
	OptionalMissing   Code = "KC426"
	StandIn           Code = "KC427"
)

// Info is what `kratix-compile explain CODE` prints.
type Info struct {
	Code     Code
	Severity Severity
	// Line shows a note, in one line, also if notes are not asked for.
	Line bool
	// Once reports only the first finding for each file and engine, with the number of the others.
	Once bool
	// Title is one line without a full stop.
	Title string
	// Prose says why the rule exists and what to do; plain text.
	Prose string
	// Markdown is Prose with its backquotes.
	Markdown string
	// Example makes the compiler report exactly this code, for Backend; a test compiles it.
	// It is what a user would write: a whole file or, if it begins with spec: or metadata:, the
	// inside of a Pipeline. Two things that cannot be printed have names in it: <9 characters> is
	// that many letters, <byte E9> is one byte. A first line such as # --user-token=declared
	// names a flag.
	Example string
	// Backend is the engine the example is compiled for; empty means any.
	Backend string
}

// Codes lists every code in numeric order.
func Codes() []Info { return codes() }

// Lookup finds a code by its exact spelling.
func Lookup(c Code) (Info, bool) {
	all := codes()
	i, found := slices.BinarySearchFunc(all, c, func(info Info, c Code) int { return cmp.Compare(info.Code, c) })
	if !found {
		return Info{}, false
	}
	return all[i], true
}

func code(c Code) Info {
	i, ok := Lookup(c)
	if !ok {
		panic(fmt.Sprintf("bug: diagnostic code %s has no document", c))
	}
	return i
}
