import numpy as np

from keras_genzoo import artifacts


class TestPlot:
    HISTORY = [{"epoch": n, "iterations": 9 * n, "seconds": 1.0, "loss": 1 / n, "val_loss": 2 / n} for n in range(1, 9)]

    def panels(self, history, tmp_path, monkeypatch):
        """The axes of the figure that is saved."""
        from matplotlib.figure import Figure

        saved = []
        save = Figure.savefig
        monkeypatch.setattr(
            Figure, "savefig", lambda figure, *args, **more: saved.append(figure) or save(figure, *args, **more)
        )
        path = artifacts.plot_losses(history, tmp_path / "losses.png")
        assert path.read_bytes().startswith(b"\x89PNG") and [p.name for p in tmp_path.iterdir()] == ["losses.png"]
        return saved[0].axes

    def test_one_panel_a_log_with_both_curves(self, tmp_path, monkeypatch):
        history = [{**line, "kl": 3.0} for line in self.HISTORY]
        loss, kl = self.panels(history, tmp_path, monkeypatch)
        assert (loss.get_title(), kl.get_title()) == ("loss", "kl")
        training, held_out = loss.lines
        np.testing.assert_array_equal(training.get_xdata(), range(1, 9))
        np.testing.assert_allclose(held_out.get_ydata(), [2 / n for n in range(1, 9)])

    def test_a_huge_first_epoch_does_not_flatten_the_rest(self, tmp_path, monkeypatch):
        history = [{"epoch": 1, "loss": 1e6}, *self.HISTORY[1:]]
        (loss,) = self.panels(history, tmp_path, monkeypatch)
        assert loss.get_ylim()[1] < 2

    def test_gaps_and_a_single_epoch(self, tmp_path, monkeypatch):
        (loss,) = self.panels([{"epoch": 1, "loss": None}, {"epoch": 2, "loss": 1.0}], tmp_path, monkeypatch)
        assert list(loss.lines[0].get_xdata()) == [2]

    def test_nothing_was_logged(self, tmp_path, monkeypatch):
        assert self.panels([], tmp_path, monkeypatch) == []
