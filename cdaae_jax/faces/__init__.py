"""Faces found in photos, with landmarks: what photos are edited by, and what some judges measure."""

from cdaae_jax.faces.finder import Face, FaceFinder

__all__ = ["Face", "FaceFinder"]
