// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The bookkeeping of `RaceCoin.allocate`, `.mint` and `.burn` for two minters and any sequence of calls.
contract MintProof {
    uint256 private constant CAP = 1_000_000_000e18;

    uint256 private _left;
    uint256 private _leftOfOther;
    uint256 private _minted;
    uint256 private _supply;
    bool private _isAllocated;

    function allocate(uint256 first, uint256 second) external {
        require(!_isAllocated);
        require(first <= CAP && second <= CAP && first + second == CAP);
        _isAllocated = true;
        _left = first;
        _leftOfOther = second;
    }

    function mint(uint256 amount) external {
        require(amount <= _left);
        _left -= amount;
        _minted += amount;
        _supply += amount;
    }

    function mintByOther(uint256 amount) external {
        require(amount <= _leftOfOther);
        _leftOfOther -= amount;
        _minted += amount;
        _supply += amount;
    }

    function burn(uint256 amount) external {
        require(amount <= _supply);
        _supply -= amount;
    }

    /// @dev INVARIANT: coins ever minted plus coins that may still be minted are exactly the cap.
    function cap() external view {
        assert(!_isAllocated || _minted + _left + _leftOfOther == CAP);
        assert(_supply <= CAP);
    }
}
