// Runs all scenarios, one JSON line for each on stdout:
// scenarios GATEWAY GATEWAY_OF_SYMPHONY_ALONE GATEWAY_SHUT_OUT SYMPHONY_SANDBOX QLIK_SANDBOX LOGON_SANDBOX SHARED_FOLDER
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "session-gateway.example/create-sessions/sessiongateway/v1"
)

func run(address, partialAddress, shutOutAddress, symphony, qlik, logon, shared string) (int, error) {
	plaintext := grpc.WithTransportCredentials(insecure.NewCredentials())
	channel, err := grpc.NewClient(address, plaintext)
	if err != nil {
		return 0, err
	}
	defer channel.Close()
	partial, err := grpc.NewClient(partialAddress, plaintext)
	if err != nil {
		return 0, err
	}
	defer partial.Close()
	shutOut, err := grpc.NewClient(shutOutAddress, plaintext)
	if err != nil {
		return 0, err
	}
	defer shutOut.Close()
	c := &client{
		stub:     pb.NewSessionGatewayClient(channel),
		partial:  pb.NewSessionGatewayClient(partial),
		shutOut:  pb.NewSessionGatewayClient(shutOut),
		address:  address,
		shared:   filepath.Clean(shared),
		symphony: sandbox{endpoint: symphony},
		qlik:     sandbox{endpoint: qlik},
		logon:    sandbox{endpoint: logon},
	}
	failed := 0
	for _, group := range scenarios {
		if err := runGroup(c, group); err != nil {
			failed++
			fmt.Fprintf(os.Stderr, "FAILED %s: %v\n", group.name, err)
		}
	}
	fmt.Fprintf(os.Stderr, "go: %d groups of scenarios, %d failed\n", len(scenarios), failed)
	return failed, nil
}

// A failed check panics with its text, so that scenarios read from top to bottom.
func runGroup(c *client, group scenario) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			failed, ok := cause.(checkFailed)
			if !ok {
				panic(cause)
			}
			err = failed
		}
	}()
	c.clearFaults()
	group.run(c)
	return nil
}

func printResult(line result) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(line); err != nil {
		panic(err)
	}
	os.Stdout.Write(text.Bytes())
}

func main() {
	if len(os.Args) != 8 {
		fmt.Fprintln(os.Stderr, "usage: scenarios GATEWAY GATEWAY_OF_SYMPHONY_ALONE GATEWAY_SHUT_OUT SYMPHONY_SANDBOX QLIK_SANDBOX LOGON_SANDBOX SHARED_FOLDER")
		os.Exit(2)
	}
	failed, err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6], os.Args[7])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if failed > 0 {
		os.Exit(1)
	}
}
