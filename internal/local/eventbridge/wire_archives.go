package eventbridge

import (
	"context"

	"sluice/internal/local/awsjson"
)

// archiveDocument is an archive in requests and answers.
type archiveDocument struct {
	ArchiveName      string        `json:",omitempty"`
	ArchiveArn       string        `json:",omitempty"`
	EventSourceArn   string        `json:",omitempty"`
	Description      *string       `json:",omitempty"`
	EventPattern     *string       `json:",omitempty"`
	KmsKeyIdentifier string        `json:",omitempty"`
	RetentionDays    *int          `json:",omitempty"`
	State            string        `json:",omitempty"`
	SizeBytes        *int64        `json:",omitempty"`
	EventCount       *int64        `json:",omitempty"`
	CreationTime     *awsjson.Time `json:",omitempty"`
}

// archiveEnabled is the only state of an archive here: nothing has to warm up.
const archiveEnabled = "ENABLED"

func (s *State) archiveDocument(a *Archive) (archiveDocument, error) {
	events, size, err := s.ArchiveSize(a)
	if err != nil {
		return archiveDocument{}, internal("%s", err)
	}
	return archiveDocument{
		ArchiveName: a.Name, ArchiveArn: s.ArchiveARN(a.Name), EventSourceArn: s.busARN(a.Bus),
		Description: optional(a.Description), EventPattern: optional(a.Pattern), KmsKeyIdentifier: a.KMSKey,
		RetentionDays: &a.RetentionDays, State: archiveEnabled, SizeBytes: &size, EventCount: &events, CreationTime: when(a.Created),
	}, nil
}

// made is the answer to Create and Update.
func (s *State) made(a *Archive) archiveDocument {
	return archiveDocument{ArchiveArn: s.ArchiveARN(a.Name), State: archiveEnabled, CreationTime: when(a.Created)}
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// take copies what a request says about an archive.
func (d archiveDocument) take(a *Archive) {
	if d.Description != nil {
		a.Description = *d.Description
	}
	if d.EventPattern != nil {
		a.Pattern = *d.EventPattern
	}
	if d.RetentionDays != nil {
		a.RetentionDays = *d.RetentionDays
	}
	if d.KmsKeyIdentifier != "" {
		a.KMSKey = d.KmsKeyIdentifier
	}
}

type archiveList struct {
	Archives  []archiveDocument
	NextToken string `json:",omitempty"`
}

func (s *State) archiveOperations(all map[string]operation) {
	all["CreateArchive"] = op(func(ctx context.Context, in archiveDocument) (archiveDocument, error) {
		a := Archive{Name: in.ArchiveName}
		in.take(&a)
		kept, err := s.CreateArchive(ctx, a, in.EventSourceArn)
		if err != nil {
			return archiveDocument{}, err
		}
		return s.made(kept), nil
	})
	all["UpdateArchive"] = op(func(ctx context.Context, in archiveDocument) (archiveDocument, error) {
		kept, err := s.UpdateArchive(ctx, in.ArchiveName, in.take)
		if err != nil {
			return archiveDocument{}, err
		}
		return s.made(kept), nil
	})
	all["DeleteArchive"] = op(func(ctx context.Context, in archiveDocument) (none, error) {
		return none{}, s.DeleteArchive(ctx, in.ArchiveName)
	})
	all["DescribeArchive"] = op(func(_ context.Context, in archiveDocument) (archiveDocument, error) {
		a, err := s.Archive(in.ArchiveName)
		if err != nil {
			return archiveDocument{}, err
		}
		return s.archiveDocument(a)
	})
	all["ListArchives"] = op(s.wireListArchives)
	all["StartReplay"] = op(s.wireStartReplay)
	all["DescribeReplay"] = op(func(_ context.Context, in replayDocument) (replayDocument, error) {
		r, err := s.Replay(in.ReplayName)
		if err != nil {
			return replayDocument{}, err
		}
		return s.replayDocument(r), nil
	})
	all["CancelReplay"] = op(func(ctx context.Context, in replayDocument) (replayDocument, error) {
		r, err := s.CancelReplay(ctx, in.ReplayName)
		if err != nil {
			return replayDocument{}, err
		}
		return replayDocument{ReplayArn: s.ReplayARN(r.Name), State: r.State}, nil
	})
	all["ListReplays"] = op(s.wireListReplays)
}

func (s *State) wireListArchives(_ context.Context, in listInput) (archiveList, error) {
	archives, next, err := s.Archives(in.NamePrefix, in.EventSourceArn, in.NextToken, in.Limit)
	out := archiveList{Archives: []archiveDocument{}, NextToken: next}
	for _, a := range archives {
		if in.State != "" && in.State != archiveEnabled {
			continue
		}
		d, err := s.archiveDocument(a)
		if err != nil {
			return out, err
		}
		d.Description, d.EventPattern, d.ArchiveArn = nil, nil, ""
		out.Archives = append(out.Archives, d)
	}
	return out, err
}

// replayDocument is a replay in requests and answers.
type replayDocument struct {
	ReplayName            string             `json:",omitempty"`
	ReplayArn             string             `json:",omitempty"`
	Description           string             `json:",omitempty"`
	State                 string             `json:",omitempty"`
	StateReason           string             `json:",omitempty"`
	EventSourceArn        string             `json:",omitempty"`
	Destination           *replayDestination `json:",omitempty"`
	EventStartTime        *awsjson.Time      `json:",omitempty"`
	EventEndTime          *awsjson.Time      `json:",omitempty"`
	EventLastReplayedTime *awsjson.Time      `json:",omitempty"`
	ReplayStartTime       *awsjson.Time      `json:",omitempty"`
	ReplayEndTime         *awsjson.Time      `json:",omitempty"`
}

type replayDestination struct {
	Arn        string
	FilterArns []string `json:",omitempty"`
}

func (s *State) replayDocument(r *Replay) replayDocument {
	d := replayDocument{
		ReplayName: r.Name, ReplayArn: s.ReplayARN(r.Name), Description: r.Description, State: r.State, StateReason: r.Reason,
		EventSourceArn: s.ArchiveARN(r.Archive), Destination: &replayDestination{Arn: s.busARN(r.Bus), FilterArns: r.Rules},
		EventStartTime: when(r.From), EventEndTime: when(r.To), ReplayStartTime: when(r.Started), ReplayEndTime: when(r.Ended),
	}
	if len(r.LastKey) > 0 {
		d.EventLastReplayedTime = when(r.LastReplayed())
	}
	return d
}

func (s *State) wireStartReplay(ctx context.Context, in replayDocument) (replayDocument, error) {
	if in.Destination == nil || in.EventStartTime == nil || in.EventEndTime == nil {
		return replayDocument{}, invalid("Parameter(s) Destination, EventStartTime and EventEndTime must be specified.")
	}
	r, err := s.StartReplay(ctx, Replay{
		Name: in.ReplayName, Description: in.Description, Rules: in.Destination.FilterArns,
		From: in.EventStartTime.Time, To: in.EventEndTime.Time,
	}, in.EventSourceArn, in.Destination.Arn)
	if err != nil {
		return replayDocument{}, err
	}
	return replayDocument{ReplayArn: s.ReplayARN(r.Name), State: r.State, ReplayStartTime: when(r.Started)}, nil
}

type replayList struct {
	Replays   []replayDocument
	NextToken string `json:",omitempty"`
}

func (s *State) wireListReplays(_ context.Context, in listInput) (replayList, error) {
	replays, next, err := s.Replays(in.NamePrefix, in.State, in.EventSourceArn, in.NextToken, in.Limit)
	out := replayList{Replays: make([]replayDocument, len(replays)), NextToken: next}
	for i, r := range replays {
		d := s.replayDocument(r)
		d.Description, d.ReplayArn, d.Destination = "", "", nil
		out.Replays[i] = d
	}
	return out, err
}
