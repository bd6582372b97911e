// The gateway as a Go programmer would write it by hand for these two calls: typed structs, encoding/json, net/http
// with kept connections, the caller's deadline handed on. What the product does beside that (logs, ledger, repeats,
// ejection, reasons of errors) it has not.
//
//	gateway UPSTREAM     host:port; prints `port N`
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"peers/contract"
)

const answerMax = 16 << 20

type server struct {
	contract.UnimplementedSessionGatewayServer
	upstream string
	client   *http.Client
}

// post sends a body and reads the answer into another one.
func (s *server) post(ctx context.Context, target string, want int, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.upstream+target, bytes.NewReader(text))
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return status.FromContextError(ctx.Err()).Err()
		}
		return status.Error(codes.Unavailable, err.Error())
	}
	defer response.Body.Close()
	read, err := io.ReadAll(io.LimitReader(response.Body, answerMax))
	if err != nil {
		return status.Error(codes.Unavailable, err.Error())
	}
	if response.StatusCode != want {
		return status.Errorf(codes.Unknown, "the upstream answered %d", response.StatusCode)
	}
	if err := json.Unmarshal(read, answer); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return nil
}

func (s *server) CreateSession(
	ctx context.Context, request *contract.CreateSessionRequest,
) (*contract.CreateSessionResponse, error) {
	body, err := sessionOf(request.Session)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	target := "/platform/rest/symrest/v1/clientapi/session?applicationName=" +
		url.QueryEscape(request.GetApplicationName())
	if request.ClusterId != nil {
		target += "&clusterId=" + url.QueryEscape(request.GetClusterId())
	}
	var answer sessionAnswer
	if err := s.post(ctx, target, http.StatusOK, body, &answer); err != nil {
		return nil, err
	}
	return &contract.CreateSessionResponse{
		SessionId: answer.SessionID, ApplicationName: answer.ApplicationName, ClusterId: answer.ClusterID,
	}, nil
}

func (s *server) CreateExecutionSession(
	ctx context.Context, request *contract.CreateExecutionSessionRequest,
) (*contract.CreateExecutionSessionResponse, error) {
	if request.ExecutionSession == nil {
		return nil, status.Error(codes.InvalidArgument, "execution_session is not set")
	}
	target := "/qrs/executionsession"
	if request.GetPrivileges() {
		target += "?privileges=true"
	}
	var answer row
	if err := s.post(ctx, target, http.StatusCreated, rowOf(request.ExecutionSession), &answer); err != nil {
		return nil, err
	}
	return &contract.CreateExecutionSessionResponse{ExecutionSession: answer.message()}, nil
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	transport := &http.Transport{
		MaxIdleConns: 8192, MaxIdleConnsPerHost: 8192, IdleConnTimeout: time.Minute, DisableCompression: true,
	}
	s := grpc.NewServer()
	contract.RegisterSessionGatewayServer(s, &server{
		upstream: "http://" + os.Args[1], client: &http.Client{Transport: transport},
	})
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	if err := s.Serve(listener); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
