package main
func (p *portrait) draw(dir string) error { return nil }
func (s *simulation) query() ([]block, error) { return nil, nil }
