// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The bookkeeping of `Batches` for one payee, fees and any sequence of calls.
contract ClaimProof {
    uint256 private _funded;
    uint256 private _unallotted;
    uint256 private _allotted;
    uint256 private _claimed;
    uint256 private _paid;

    function fund(uint256 amount) external {
        require(
            amount <= type(uint96).max && _funded <= type(uint128).max && _unallotted <= type(uint128).max
        );
        _funded += amount;
        _unallotted += amount;
    }

    function settle(uint256 fees) external {
        // Coins that exist: a bound on all amounts together.
        require(fees <= _unallotted && _allotted <= type(uint128).max && fees <= type(uint128).max);
        _unallotted -= fees;
        _allotted += fees;
    }

    function stop(uint256 fees) external {
        // Only what was handed out and not claimed can come back: a waiting batch pays nobody.
        require(_claimed <= _allotted && fees <= _allotted - _claimed);
        require(fees <= type(uint128).max && _unallotted <= type(uint128).max);
        _allotted -= fees;
        _unallotted += fees;
    }

    /// @dev An honest tree promises at most what was handed out.
    function claim(uint256 cumulative) external {
        require(cumulative <= _allotted);
        require(cumulative > _claimed);
        uint256 difference = cumulative - _claimed;
        _claimed = cumulative;
        _paid += difference;
    }

    function check() external view {
        assert(_paid == _claimed);
        assert(_claimed <= _allotted);
        assert(_unallotted <= _funded && _funded - _unallotted == _allotted);
        assert(_paid <= _funded);
    }
}
