"""Who runs jobs, behind the seam `domain.seams.Enqueue`."""
