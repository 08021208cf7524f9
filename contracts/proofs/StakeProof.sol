// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The bookkeeping of one account in `Providers`, for any sequence of calls.
contract StakeProof {
    uint256 private _stake;
    uint256 private _exiting;
    uint256 private _held;

    function stake(uint256 amount) external {
        require(amount <= type(uint128).max && _held <= type(uint128).max);
        _stake += amount;
        _held += amount;
    }

    function startExit(uint256 amount) external {
        require(amount <= _stake - _exiting);
        _exiting += amount;
    }

    function withdraw() external {
        uint256 amount = _exiting;
        _stake -= amount;
        _exiting = 0;
        _held -= amount;
    }

    function slash(uint256 amount) external {
        uint256 taken = amount < _stake ? amount : _stake;
        _stake -= taken;
        if (_exiting > _stake) _exiting = _stake;
        _held -= taken;
    }

    /// @dev No subtraction above underflows (the checker proves that too), and what is held is what is owed.
    function solvency() external view {
        assert(_exiting <= _stake);
        assert(_held == _stake);
    }
}
