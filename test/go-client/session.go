package main

import (
	"context"
	"fmt"
	"sync"

	podule "podule.dev/podule/v1"
)

// A resumable session as the comments of calls.proto tell it, and nothing more than that: frames are counted, kept
// until the other end has them, and sent again on the next stream.
type session struct {
	calls  podule.CallsClient
	module string
	token  string
	last   uint64

	mutex    sync.Mutex
	received uint64
	// Frames sent that `received` of the server does not cover yet, and how many it covers.
	kept    []*podule.ClientFrame
	covered uint64

	stream podule.Calls_SessionClient
	cancel context.CancelFunc
	frames chan *podule.ServerFrame
	broken chan error
}

func openSession(ctx context.Context, calls podule.CallsClient, module string) (*session, error) {
	s := &session{calls: calls, module: module, frames: make(chan *podule.ServerFrame, 4096)}
	return s, s.open(ctx)
}

// The first stream, or the next one.
func (s *session) open(ctx context.Context) error {
	ctx, s.cancel = context.WithCancel(ctx)
	stream, err := s.calls.Session(ctx)
	if err != nil {
		return err
	}
	open := &podule.OpenFrame{Module: s.module, Resumable: true, Token: s.token, Received: s.received}
	first := &podule.ClientFrame{Frame: &podule.ClientFrame_Open{Open: open}}
	if err := stream.Send(&podule.SessionRequest{Frames: []*podule.ClientFrame{first}}); err != nil {
		return err
	}
	message, err := stream.Recv()
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	opened := message.GetFrames()[0].GetOpened()
	if opened == nil {
		return fmt.Errorf("the first frame is %v", message.GetFrames()[0])
	}
	s.token, s.stream, s.broken = opened.GetToken(), stream, make(chan error, 1)
	s.cover(opened.GetReceived())
	s.take(message, 1)
	for _, frame := range s.kept {
		if err := stream.Send(&podule.SessionRequest{Frames: []*podule.ClientFrame{frame}}); err != nil {
			return err
		}
	}
	go s.read(stream, s.broken)
	return nil
}

func (s *session) read(stream podule.Calls_SessionClient, broken chan<- error) {
	for {
		message, err := stream.Recv()
		if err != nil {
			broken <- err
			return
		}
		s.cover(message.GetReceived())
		s.take(message, 0)
	}
}

func (s *session) take(message *podule.SessionResponse, from int) {
	for _, frame := range message.GetFrames()[from:] {
		if frame.GetDraining() == nil {
			s.mutex.Lock()
			s.received++
			s.mutex.Unlock()
		}
		s.frames <- frame
	}
}

func (s *session) cover(received uint64) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if received > s.covered {
		s.kept = s.kept[received-s.covered:]
		s.covered = received
	}
}

// All of them in one message.
func (s *session) send(frames ...*podule.ClientFrame) error {
	s.mutex.Lock()
	s.kept = append(s.kept, frames...)
	received := s.received
	s.mutex.Unlock()
	return s.stream.Send(&podule.SessionRequest{Frames: frames, Received: received})
}

// A stream that breaks, as a network would break it.
func (s *session) breakStream() {
	s.cancel()
	<-s.broken
}

func (s *session) close() error {
	err := s.send(&podule.ClientFrame{Frame: &podule.ClientFrame_Close{Close: &podule.CloseFrame{}}})
	if err != nil {
		return err
	}
	<-s.broken
	return nil
}

func (s *session) call(request *podule.CallRequest) *podule.ClientFrame {
	s.last++
	call := &podule.CallFrame{Id: s.last, Request: request}
	return &podule.ClientFrame{Frame: &podule.ClientFrame_Call{Call: call}}
}

// The final frames of so many calls, by their ids; an id that comes twice is an error.
func (s *session) results(ctx context.Context, count int) (map[uint64]*podule.ServerFrame, error) {
	results := make(map[uint64]*podule.ServerFrame)
	for len(results) < count {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d results came: %w", len(results), count, ctx.Err())
		case frame := <-s.frames:
			id := frame.GetResult().GetId() + frame.GetError().GetId()
			if id == 0 {
				return nil, fmt.Errorf("instead of a result: %v", frame)
			}
			if _, twice := results[id]; twice {
				return nil, fmt.Errorf("%d was answered twice", id)
			}
			results[id] = frame
		}
	}
	return results, nil
}
