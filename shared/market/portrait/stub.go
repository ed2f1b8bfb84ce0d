package main
func (s *simulation) query() ([]block, error) { return nil, nil }
