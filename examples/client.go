// Asks "callgate serve" what filters decide:
//
//	go run client.go [COMMAND]
//
// COMMAND is the callgate command (default: callgate).
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Callgate is a running "callgate serve". It is not for several goroutines at once.
type Callgate struct {
	command *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
	count   int
}

// Object is what JSON calls one.
type Object = map[string]any

// Start runs the command.
func Start(command string) (*Callgate, error) {
	c := &Callgate{command: exec.Command(command, "serve")}
	c.command.Stderr = os.Stderr
	input, err := c.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.input, c.output = input, bufio.NewReader(output)
	return c, c.command.Start()
}

// Close ends it.
func (c *Callgate) Close() error {
	c.input.Close()
	return c.command.Wait()
}

// Ask puts one question and gives its answer.
func (c *Callgate) Ask(op string, members Object) (Object, error) {
	c.count++
	question := Object{"id": c.count, "op": op}
	for key, value := range members {
		question[key] = value
	}
	line, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	if _, err := c.input.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	line, err = c.output.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	answer := Object{}
	if err := json.Unmarshal(line, &answer); err != nil {
		return nil, err
	}
	if answer["ok"] != true {
		return nil, errors.New(fmt.Sprint(answer["error"]))
	}
	return answer, nil
}

// Decide gives the decisions on calls as text, such as "ERRNO(1) EPERM".
func (c *Callgate) Decide(chain string, calls ...any) ([]string, error) {
	answer, err := c.Ask("eval", Object{"chain": chain, "calls": calls})
	if err != nil {
		return nil, err
	}
	var decisions []string
	for _, result := range answer["results"].([]any) {
		decisions = append(decisions, result.(Object)["decision"].(string))
	}
	return decisions, nil
}

func run(command string) error {
	callgate, err := Start(command)
	if err != nil {
		return err
	}
	defer callgate.Close()
	text := "ld [nr]\njeq #1, d\nret ALLOW\nd: ret ERRNO(13)\n"
	if _, err := callgate.Ask("load", Object{"chain": "a", "filters": []Object{{"text": text}}}); err != nil {
		return err
	}
	decisions, err := callgate.Decide("a", "read", "write")
	if err != nil {
		return err
	}
	fmt.Println(decisions)
	return nil
}

func main() {
	command := "callgate"
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	if err := run(command); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
