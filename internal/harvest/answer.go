// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
)

// answer is the end of a call: what the step is told, and what the runner logs.
type answer struct {
	status int
	// result is the value of the metrics' label.
	result string
	// text goes into the step's log. It names nothing that the Pod may not know.
	text string
	// cause is for the runner's own log only.
	cause error
	// seconds is when to try again; 0 leaves that to the step.
	seconds int
}

func stored(warnings []string) answer {
	return answer{status: http.StatusOK, result: "stored", text: lines("stored", warnings)}
}

func repeated(warnings []string) answer {
	return answer{status: http.StatusOK, result: "repeated", text: lines("stored already", warnings)}
}

func lines(first string, rest []string) string {
	return strings.Join(append([]string{first}, rest...), "\n")
}

func malformed(format string, args ...any) answer {
	return answer{status: http.StatusBadRequest, result: "malformed", text: fmt.Sprintf(format, args...)}
}

func unauthenticated(cause error) answer {
	return answer{status: http.StatusUnauthorized, result: "unauthenticated", cause: cause, text: cause.Error()}
}

func tooLarge(size int64, limit int64) answer {
	return answer{
		status: http.StatusRequestEntityTooLarge, result: "too-large",
		text: fmt.Sprintf("the bundle has %d bytes and may have %d", size, limit),
	}
}

// refused is for a bundle with a fault: its Pipeline has to write something else.
func refused(cause error) answer {
	return answer{status: http.StatusUnprocessableEntity, result: "refused", text: cause.Error(), cause: cause}
}

// busy asks the step to send again after some seconds.
func busy(text string, seconds int) answer {
	return answer{status: http.StatusServiceUnavailable, result: "busy", text: text, seconds: seconds}
}

// cutOff is for a body that did not arrive.
func cutOff(cause error) answer {
	return answer{status: http.StatusRequestTimeout, result: "cut-off", text: "the bundle did not arrive in full and in time", cause: cause}
}

// failed is for a fault of the runner or the API server; the step tries again.
func failed(cause error) answer {
	return answer{status: http.StatusServiceUnavailable, result: "failed", text: "the runner cannot store the bundle now; its log says why", cause: cause}
}

// of finds the answer to an error of Runs or Records.
func of(err error) answer {
	switch {
	case errors.Is(err, ErrUnauthenticated):
		return unauthenticated(err)
	case errors.Is(err, ErrNoRun):
		return answer{status: http.StatusForbidden, result: "forbidden", text: err.Error(), cause: err}
	case errors.Is(err, ErrSuperseded):
		return answer{
			status: http.StatusGone, result: "superseded", cause: err,
			text: "the run was superseded or its bundle has been consumed; nothing is to be done",
		}
	case errors.Is(err, record.ErrConflict):
		return answer{
			status: http.StatusConflict, result: "conflict", cause: err,
			text: "another bundle was stored for this run, by an earlier attempt of it; that one counts",
		}
	default:
		return failed(err)
	}
}

func (a answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Connection", "close") // the rest of the body is not read
	if a.seconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(a.seconds))
	}
	if a.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	text := a.text
	if len(text) > protocol.MaxAnswer {
		text = text[:protocol.MaxAnswer]
	}
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(text + "\n")) // a step that has gone away asks again
}
